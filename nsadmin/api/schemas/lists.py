"""Pages of lists."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import BaseModel

from nsadmin.api.schemas.namespaces import NamespaceModel, NamespaceSummary
from nsadmin.namespaces.models import MirroredNamespace


class Pagination(BaseModel):
    """The position of a page; the totals only with `include_total=true`."""

    total: int | None
    page: int | None
    page_size: int
    total_pages: int | None
    next_page: str | None
    previous_page: str | None
    next_cursor: str | None


class ListStats(BaseModel):
    """Sums and averages over the namespaces of this page; unknown counts as 0."""

    total_feature_extractors: int
    total_payload_indexes: int
    total_documents: int
    total_buckets: int
    total_collections: int
    total_objects: int
    avg_feature_extractors_per_namespace: float
    avg_payload_indexes_per_namespace: float
    avg_documents_per_namespace: float
    avg_buckets_per_namespace: float
    avg_collections_per_namespace: float
    avg_objects_per_namespace: float

    @classmethod
    def of(cls, rows: Sequence[MirroredNamespace]) -> Self:
        """Return the sums and averages of a page's rows."""
        totals: dict[str, Any] = {
            "feature_extractors": sum(len(row.extractor_ids) for row in rows),
            "payload_indexes": sum(row.index_count for row in rows),
            "documents": sum(row.document_count or 0 for row in rows),
            "buckets": sum(row.bucket_count or 0 for row in rows),
            "collections": sum(row.collection_count or 0 for row in rows),
            "objects": sum(row.object_count or 0 for row in rows),
        }
        count = len(rows) or 1
        averages = {f"avg_{k}_per_namespace": v / count for k, v in totals.items()}
        totals = {f"total_{key}": value for key, value in totals.items()}
        return cls.model_construct(**totals, **averages)


class ListNamespacesResponse(BaseModel):
    """One page of namespaces."""

    results: list[NamespaceModel] | list[NamespaceSummary]
    pagination: Pagination
    total_count: int
    stats: ListStats
