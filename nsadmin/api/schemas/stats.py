"""Counts of what namespaces hold; null where unknown."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from nsadmin.namespaces.read.queries import NamespaceView


class Counts(BaseModel):
    """The counts of a namespace's contents."""

    document_count: int | None
    document_count_at: datetime | None
    bucket_count: int | None
    collection_count: int | None
    object_count: int | None


class NamespaceStats(Counts):
    """The counts of one namespace."""

    namespace_id: str

    @classmethod
    def of(cls, view: NamespaceView) -> Self:
        """Return the counts of a namespace, taken now."""
        counts = view.counts
        return cls.model_construct(
            namespace_id=view.namespace.namespace_id,
            document_count=counts.documents,
            document_count_at=counts.documents_at,
            bucket_count=counts.buckets,
            collection_count=counts.collections,
            object_count=counts.objects,
        )


class StatsBatch(BaseModel):
    """Counts by namespace id; a namespace that you cannot see is left out."""

    stats: dict[str, Counts]
