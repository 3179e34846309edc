"""The published shapes of July 2026, strictly: names, types, nullability, words.

Written from the platform's contract and not from our own schemas, so that the two can
be held against each other. What we add beyond the contract is named in `ours`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

IndexWord = Literal[
    "keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"
]
TaskWord = Literal[
    "PENDING",
    "IN_PROGRESS",
    "PROCESSING",
    "COMPLETED",
    "COMPLETED_WITH_ERRORS",
    "FAILED",
    "CANCELED",
    "UNKNOWN",
    "SKIPPED",
    "DRAFT",
    "ACTIVE",
    "ARCHIVED",
    "SUSPENDED",
    "QUEUED",
    "INTERRUPTED",
]
Id = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]


class Shape(BaseModel):
    """No unknown key, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class IndexParameters(Shape):
    """`field_schema`, of any of the eight types."""

    type: IndexWord
    is_tenant: bool | None = None
    lookup: bool | None = None
    range: bool | None = None
    tokenizer: Literal["word", "whitespace", "prefix", "multilingual"] | None = None
    min_token_len: int | None = None
    max_token_len: int | None = None
    lowercase: bool | None = None


class PayloadIndexConfig(Shape):
    """1.5"""

    field_name: Annotated[str, Field(min_length=1, max_length=255)]
    type: IndexWord
    field_schema: IndexParameters | None
    is_protected: bool


class FeatureExtractor(Shape):
    """1.6"""

    feature_extractor_name: Id
    version: Id
    params: dict[str, Any] | None
    feature_extractor_id: Id


class Infrastructure(Shape):
    """1.4, as it is answered: without the key."""

    ray_cluster_id: str | None = None
    ray_head_node_url: str | None = None
    ray_dashboard_url: str | None = None
    qdrant_url: str | None = None
    qdrant_api_key_provided: bool | None = None
    qdrant_collection: Annotated[str, Field(min_length=3, max_length=128)]
    s3_vector_bucket: str | None = None
    compute_tier: Literal["shared", "dedicated_cpu", "dedicated_gpu"]
    max_concurrent_jobs: Annotated[int, Field(ge=1, le=1000)] = 10
    autoscaling_enabled: bool = True
    min_workers: Annotated[int, Field(ge=0, le=100)] = 1
    max_workers: Annotated[int, Field(ge=1, le=100)] = 10
    gpu_type: str | None = None
    gpus_per_worker: Annotated[int, Field(ge=0, le=8)] = 1
    compute_profiles: dict[str, Any] | None = None
    s3_plugin_bucket: str = ""
    s3_plugin_prefix: str | None = None
    max_custom_plugins: Annotated[int, Field(ge=0, le=100)] = 0
    max_custom_models: Annotated[int, Field(ge=0, le=50)] = 0
    authorization: dict[str, Any] | None = None
    description: str | None = None


class QdrantStatus(Shape):
    """1.3: what Qdrant says of the collection."""

    status: Literal["green", "yellow", "red", "grey"]
    points_count: Count
    indexed_vectors_count: Count
    segments_count: Count


class _Namespace(Shape):
    namespace_name: Annotated[str, Field(min_length=1, max_length=64)]
    object: Literal["namespace"]
    namespace_id: Id
    namespace_type: Literal["standard", "marketplace"]
    mode: Literal["managed", "standalone"]
    scope: Literal["org", "system"]
    infrastructure: Infrastructure | None
    cluster_id: str | None
    description: str | None
    document_count: Count | None
    document_count_at: Annotated[datetime, Field(strict=False)] | None  # ours
    bucket_count: Count | None
    collection_count: Count | None
    object_count: Count | None
    auto_create_indexes: bool
    qdrant_status: QdrantStatus | None
    created_at: Annotated[datetime, Field(strict=False)] | None
    updated_at: Annotated[datetime, Field(strict=False)] | None
    expires_at: Annotated[datetime, Field(strict=False)] | None
    clone_status: Literal["cloning", "ready", "failed"] | None
    clone_error: str | None
    source_namespace_id: str | None
    # ours
    revision: Count
    observed_revision: Count
    unreadable: list[str] = []


class VectorConfig(Shape):
    """1.8"""

    name: Id
    dimension: Annotated[int, Field(ge=1)]
    metric: Literal["cosine", "euclidean", "dot_product"]


class NamespaceModel(_Namespace):
    """1.3, with the clone's fields of July 2026."""

    feature_extractors: list[FeatureExtractor]
    payload_indexes: list[PayloadIndexConfig] | None
    vector_inference_map: dict[str, str] | None
    vector_configs: list[VectorConfig] | None


class NamespaceSummary(_Namespace):
    """1.8: `view=summary` drops the long parts."""


class Pagination(Shape):
    """1.8"""

    total: Count | None
    page: Count | None
    page_size: Count | None
    total_pages: Count | None
    next_page: str | None
    previous_page: str | None
    next_cursor: str | None


class Stats(Shape):
    """1.8: sums and means over the page."""

    total_feature_extractors: Count
    total_payload_indexes: Count
    total_documents: Count
    total_buckets: Count
    total_collections: Count
    total_objects: Count
    avg_feature_extractors_per_namespace: float
    avg_payload_indexes_per_namespace: float
    avg_documents_per_namespace: float
    avg_buckets_per_namespace: float
    avg_collections_per_namespace: float
    avg_objects_per_namespace: float


class ListNamespaces(Shape):
    """1.8"""

    results: list[NamespaceModel]
    pagination: Pagination
    total_count: Count
    stats: Stats


class ListSummaries(Shape):
    """1.8 with `view=summary`."""

    results: list[NamespaceSummary]
    pagination: Pagination
    total_count: Count
    stats: Stats


class ClonedResources(Shape):
    """1.7"""

    collections: Count
    retrievers: Count
    taxonomies: Count
    buckets: Count
    objects: Count
    points: Count


class Clone(Shape):
    """1.7"""

    namespace: NamespaceModel
    source_namespace_id: Id
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    cloned_resources: ClonedResources | None
    primary_retriever_id: str | None


class Counts(Shape):
    """1.9"""

    document_count: Count | None
    document_count_at: Annotated[datetime, Field(strict=False)] | None  # ours
    bucket_count: Count | None
    collection_count: Count | None
    object_count: Count | None


class NamespaceStats(Counts):
    """1.9"""

    namespace_id: Id


class StatsBatch(Shape):
    """1.9"""

    stats: dict[str, Counts]


class Task(BaseModel):
    """1.10; a task may say more of how far it came."""

    model_config = ConfigDict(extra="allow", strict=True)

    task_id: Id
    task_type: Literal[
        "api_namespaces_create",
        "api_namespaces_delete",
        "api_namespaces_migrations_run",
    ]
    status: TaskWord
    inputs: list[str | dict[str, Any]] | None
    outputs: list[str | dict[str, Any]] | None
    additional_data: dict[str, Any] | None
    error: str | None


class ListTasks(Shape):
    """1.10"""

    results: list[Task]
    pagination: Pagination


class CancelTask(Shape):
    """1.10"""

    success: Literal[True]
    message: Id


class TemplateMade(Shape):
    """1.11"""

    template_id: Id
    template_name: Id
    template_type: Literal["namespace"]
    scope: Literal["system", "organization", "user"]
    source_resource_id: Id
    created_at: Annotated[datetime, Field(strict=False)]


class Template(Shape):
    """1.11"""

    template_id: Id
    template_type: Literal["namespace"]
    mode: Literal["clone", "config", "scaffold"]
    scope: Literal["system", "organization", "user", "public"]
    internal_id: Id
    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(min_length=1, max_length=1000)]
    category: str | None
    configuration: dict[str, Any]
    tags: list[str]
    is_active: bool
    is_public: bool
    use_cases: list[str] | None
    requirements: dict[str, Any] | None
    created_by: str | None
    source_resource_id: str | None
    sample_namespace_id: str | None
    created_at: Annotated[datetime, Field(strict=False)]
    updated_at: Annotated[datetime, Field(strict=False)]


class Instance(Shape):
    """1.11"""

    namespace_id: Id
    namespace_name: Annotated[str, Field(min_length=3, max_length=50)]
    template_id: Id
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    created_at: Annotated[datetime, Field(strict=False)]


class VectorIndex(Shape):
    """1.12"""

    name: Id
    dimensions: Annotated[int, Field(ge=1)]
    type: Literal["dense", "sparse", "multi_dense"]
    distance: Literal["cosine", "dot", "euclidean", "manhattan"]
    inference_service_id: str | None


class VectorIndexDefinition(Shape):
    """1.12"""

    name: Id
    description: str | None
    type: Literal["single", "multi"]
    index: VectorIndex
    feature_uri: str | None


class Extractor(Shape):
    """1.12"""

    feature_extractor_name: Id
    version: Id
    feature_extractor_id: Id
    description: str
    icon: str | None
    category: str
    source: Literal["builtin", "custom", "community"]
    type_mode: Literal["type_specific", "multimodal"] | None
    expected_input_types: list[str] | None
    inference_type: str | None
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None
    parameter_schema: dict[str, Any] | None
    supported_input_types: list[str]
    max_inputs: dict[str, int] | None
    default_parameters: dict[str, Any]
    costs: dict[str, Any] | None
    required_vector_indexes: list[VectorIndexDefinition]
    required_payload_indexes: list[PayloadIndexConfig] | None
    position_fields: list[str] | None
    capabilities: list[str] | None
    example_usage: dict[str, Any] | None


class NamespaceExtractor(Extractor):
    """1.12: as a namespace has it."""

    params: dict[str, Any]
    feature_uri: str | None
    plugin_id: str | None
    deployed: bool | None
    validation_status: str | None


class NamespaceExtractors(Shape):
    """1.12"""

    success: Literal[True]
    extractors: list[NamespaceExtractor]
    total: Count
    namespace_id: Id
    builtin_count: Count
    custom_count: Count


class Suggestion(Shape):
    """1.13"""

    field_name: Id
    query_count_24h: Count
    query_count_7d: Count
    suggested_type: IndexWord | None
    is_indexed: bool
    first_seen: datetime
    last_seen: datetime
    estimated_performance_gain: Id


class OtherAdvice(Shape):
    """Ours: what to do about indexes beside the suggestions."""

    kind: Literal["over_budget", "wrong_type", "unused"]
    field_name: Id
    index_type: IndexWord | None
    reason: Id


class Suggestions(Shape):
    """1.13"""

    namespace_id: Id
    analysis_period: Id
    suggestions: list[Suggestion]
    auto_create_enabled: bool
    next_auto_create_run: datetime | None
    # ours
    advice: list[OtherAdvice]


class Fault(Shape):
    """1.15"""

    type: str
    location: str
    message: Id


class Error(Shape):
    """1.15"""

    message: Id
    type: Literal[
        "BadRequestError",
        "UnauthorizedError",
        "ForbiddenError",
        "NotEnabledError",
        "QuotaExceededError",
        "NotFoundError",
        "AlreadyExistsError",
        "ValidationError",
        "MethodNotAllowedError",
        "PreconditionFailedError",
    ]
    code: Id
    details: dict[str, Any]


class Envelope(Shape):
    """1.15"""

    success: Literal[False]
    status: Annotated[int, Field(ge=400, le=599)]
    error: Error
