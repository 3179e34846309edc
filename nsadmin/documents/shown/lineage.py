"""Where a document comes from, read from either layout of payloads. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from nsadmin.documents.shown.paths import text_at
from nsadmin.names import clip

_ID_LENGTH: Final = 128
_MOST_STEPS: Final = 30
_INNER: Final = "_internal"
_LINEAGE: Final = "_internal.lineage"


@dataclass(frozen=True, slots=True)
class Step:
    """A collection that a document went through on its way."""

    collection_id: str
    document_id: str
    extractor_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The ids of a document's origin, each "" where its payload names none.

    `path` has the ids of `lineage_path`; `chain` the collections it went through.
    """

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

    @property
    def bucket(self) -> str:
        """The bucket that the document comes from, at whatever distance."""
        return self.bucket_id or self.root_bucket_id

    @property
    def object(self) -> str:
        """The object that the document comes from, at whatever distance."""
        return self.object_id or self.root_object_id


def lineage_of(payload: dict[str, Any]) -> Lineage:
    """Return the lineage that a payload states; never raises."""

    def own(*paths: str) -> str:
        return clip(text_at(payload, *paths), _ID_LENGTH)

    def either(name: str) -> str:
        return own(name, f"{_LINEAGE}.{name}")

    path = text_at(payload, "lineage_path", f"{_LINEAGE}.path")[:4000]
    parts = [clip(part, _ID_LENGTH) for part in path.split("/") if part]
    return Lineage(
        document_id=own("document_id", f"{_INNER}.document_id"),
        collection_id=own("collection_id", f"{_INNER}.collection_id"),
        bucket_id=own("bucket_id", f"{_INNER}.bucket_id"),
        object_id=own("object_id", "source_object_id", f"{_LINEAGE}.source_object_id"),
        root_bucket_id=either("root_bucket_id"),
        root_object_id=either("root_object_id"),
        source_type=either("source_type"),
        source_collection_id=either("source_collection_id"),
        source_document_id=own(
            "source_document_id", "parent_document_id", f"{_LINEAGE}.source_document_id"
        ),
        path=tuple(parts[:_MOST_STEPS]),
        chain=_chain(payload),
    )


def _chain(payload: dict[str, Any]) -> tuple[Step, ...]:
    value: Any = payload
    for key in (_INNER, "lineage", "chain"):
        value = value.get(key) if isinstance(value, dict) else None
    entries = value[:_MOST_STEPS] if isinstance(value, list) else []
    return tuple(_step(entry) for entry in entries if isinstance(entry, dict))


def _step(entry: dict[str, Any]) -> Step:
    names = ("collection_id", "document_id", "feature_extractor_id", "timestamp")
    return Step(*(clip(text_at(entry, name), _ID_LENGTH) for name in names))
