"""Counts of what namespaces hold; null where nobody knows."""

from pydantic import BaseModel


class Counts(BaseModel):
    """How much a namespace holds."""

    document_count: int | None
    bucket_count: int | None
    collection_count: int | None
    object_count: int | None


class NamespaceStats(Counts):
    """The counts of one namespace."""

    namespace_id: str


class StatsBatch(BaseModel):
    """Counts by namespace id; what you cannot see is left out."""

    stats: dict[str, Counts]
