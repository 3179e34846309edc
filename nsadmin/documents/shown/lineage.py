"""Where a document comes from, read from either layout of payloads. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A collection that a document went through on its way."""

    collection_id: str
    document_id: str
    extractor_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The ids of a document's origin, each "" where its payload names none."""

    document_id: str = ""
    collection_id: str = ""
    bucket_id: str = ""
    object_id: str = ""
    root_bucket_id: str = ""
    root_object_id: str = ""
    source_type: str = ""
    source_collection_id: str = ""
    source_document_id: str = ""
    path: tuple[str, ...] = ()
    chain: tuple[Step, ...] = ()
