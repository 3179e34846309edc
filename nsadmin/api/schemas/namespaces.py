"""A namespace as it is answered, alone and in a list."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

IndexType = Literal[
    "keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"
]


class Infrastructure(BaseModel):
    """Where a namespace computes and stores; a stored key is told, never shown."""

    qdrant_collection: str
    compute_tier: Literal["shared", "dedicated_cpu", "dedicated_gpu"]
    description: str | None = None
    max_concurrent_jobs: int | None = None
    autoscaling_enabled: bool | None = None
    ray_head_node_url: str | None = None
    min_workers: int | None = None
    max_workers: int | None = None
    gpu_type: str | None = None
    gpus_per_worker: int | None = None
    qdrant_url: str | None = None
    qdrant_api_key_provided: bool | None = None
    max_custom_plugins: int | None = None
    max_custom_models: int | None = None
    ray_cluster_id: str | None = None
    ray_dashboard_url: str | None = None
    s3_vector_bucket: str | None = None
    s3_plugin_bucket: str | None = None
    s3_plugin_prefix: str | None = None


class FeatureExtractor(BaseModel):
    """A registered feature extractor; `params` are locked."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    params: dict[str, Any] | None


class PayloadIndex(BaseModel):
    """A payload index; protected ones belong to the system or to an extractor."""

    field_name: str
    type: IndexType
    field_schema: dict[str, Any]
    is_protected: bool


class QdrantStatus(BaseModel):
    """What Qdrant says of the collection now."""

    status: Literal["green", "yellow", "red", "grey"]
    points_count: int
    indexed_vectors_count: int
    segments_count: int


class VectorConfig(BaseModel):
    """A vector of one's own, which only standalone namespaces have."""

    name: str
    dimension: int
    metric: Literal["cosine", "euclidean", "dot_product"]


class NamespaceModel(BaseModel):
    """A namespace."""

    namespace_name: str = Field(max_length=64)
    object: Literal["namespace"]
    namespace_id: str
    mode: Literal["managed", "standalone"]
    namespace_type: Literal["standard", "marketplace"]
    scope: Literal["org", "system"]
    infrastructure: Infrastructure
    cluster_id: str | None
    description: str | None
    feature_extractors: list[FeatureExtractor]
    payload_indexes: list[PayloadIndex]
    document_count: int | None
    bucket_count: int | None
    collection_count: int | None
    object_count: int | None
    auto_create_indexes: bool
    vector_inference_map: dict[str, str]
    vector_configs: list[VectorConfig] | None = Field(
        description="Null: vectors come from feature extractors."
    )
    qdrant_status: QdrantStatus | None = Field(
        description="Only where one namespace is asked for and Qdrant answers at once."
    )
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    clone_status: Literal["cloning", "ready", "failed"] | None
    clone_error: str | None
    source_namespace_id: str | None
    revision: int = Field(description="Grows with every accepted change; the ETag.")
    observed_revision: int = Field(
        description="The revision that Qdrant has; lower while it is catching up."
    )


class NamespaceSummary(NamespaceModel):
    """A namespace in a list with `view=summary`, without its long parts."""

    feature_extractors: list[FeatureExtractor] = Field(exclude=True)
    payload_indexes: list[PayloadIndex] = Field(exclude=True)
    vector_inference_map: dict[str, str] = Field(exclude=True)
    vector_configs: list[VectorConfig] | None = Field(exclude=True)
