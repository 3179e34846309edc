"""Pages of lists."""

from pydantic import BaseModel

from nsadmin.api.schemas.namespaces import NamespaceModel, NamespaceSummary


class Pagination(BaseModel):
    """Where a page stands; the totals only with `include_total=true`."""

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


class ListNamespacesResponse(BaseModel):
    """One page of namespaces."""

    results: list[NamespaceModel] | list[NamespaceSummary]
    pagination: Pagination
    total_count: int
    stats: ListStats
