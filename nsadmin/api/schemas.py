"""The shapes of answers, for the OpenAPI document; null stands for unknown or none.

They describe, they do not check: a namespace that another writer left in an odd shape
must still be shown. The tests hold every answer against them.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

TaskStatus = Literal["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED"]
IndexType = Literal[
    "keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"
]


class ValidationFault(BaseModel):
    """One fault of a request: where, what, and of what kind."""

    location: str
    message: str
    type: str


class ErrorDetails(BaseModel):
    """What a program may need; which keys are there depends on the error."""

    request_id: str | None
    validation_errors: list[ValidationFault] | None = None


class ErrorBody(BaseModel):
    """The error itself; `message` is a sentence for people."""

    message: str
    type: str
    code: str
    details: ErrorDetails


class ErrorEnvelope(BaseModel):
    """The one shape of every error."""

    success: Literal[False]
    status: int
    error: ErrorBody


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


class NamespaceModel(BaseModel):
    """A namespace."""

    namespace_name: str = Field(max_length=64)
    object: Literal["namespace"]
    namespace_id: str
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


class PlanStep(BaseModel, extra="allow"):
    """One step; its other keys depend on the kind."""

    kind: str
    store: str
    sentence: str


class PlanWarning(BaseModel):
    """What to know before."""

    sentence: str
    needs_tick: bool


class PlanModel(BaseModel):
    """What a change would do, in order."""

    namespace_id: str
    revision: int
    digest: str
    steps: list[PlanStep]
    warnings: list[PlanWarning]


class DryRun(BaseModel):
    """The answer to `dry_run=true`; nothing was written."""

    dry_run: Literal[True]
    plan: PlanModel
    qdrant_silent: bool = Field(
        description="Qdrant did not answer, so the change would be refused just now."
    )


class EnsuredIndexes(BaseModel):
    """What ensuring the indexes came to, counted by index."""

    namespace_id: str
    ensured: int = Field(description="Declared, and there now or being built.")
    rebuilt: int = Field(description="Always 0: nothing is dropped.")
    skipped: int = Field(description="Accepted, and still being built.")
    created: int = Field(description="Built by this call.")


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


class CloneResources(BaseModel):
    """Which resources come along; buckets and objects always do."""

    collections: bool | None = Field(None, description="With all vectors; true.")
    retrievers: bool | None = Field(None, description="True.")
    taxonomies: bool | None = Field(None, description="False.")


class CloneNamespaceRequest(BaseModel):
    """What to clone, and under which name."""

    namespace_name: str = Field(min_length=1, max_length=64)
    include_resources: CloneResources | None = None
    description: str | None = Field(None, description="The source's by default.")
    source_organization_id: str | None = Field(
        None, max_length=64, description="For platform admins: whose the source is."
    )


class ClonedResources(BaseModel):
    """What was copied; zeros until the clone is ready."""

    collections: int
    retrievers: int
    taxonomies: int
    buckets: int
    objects: int
    points: int


class CloneNamespaceResponse(BaseModel):
    """A clone that has begun; poll the task or the namespace."""

    namespace: NamespaceModel
    source_namespace_id: str
    status: Literal["cloning", "ready", "failed"]
    task_id: str | None
    cloned_resources: ClonedResources | None


class TaskResponse(BaseModel):
    """A task and how far it came."""

    task_id: str
    task_type: str
    status: TaskStatus
    inputs: list[Any] | None
    outputs: list[Any] | None
    additional_data: dict[str, Any] | None
    error: str | None


class ListTasksResponse(BaseModel):
    """One page of tasks."""

    results: list[TaskResponse]
    pagination: Pagination


class CancelTaskResponse(BaseModel):
    """A task that will not go on, or never was."""

    success: Literal[True]
    message: str


class VectorIndexEntry(BaseModel):
    """A named vector that an extractor brings."""

    name: str
    description: str | None
    type: Literal["single", "multi"]
    index: dict[str, Any]
    feature_uri: str | None


class ExtractorModel(BaseModel):
    """A builtin feature extractor; what is not published is null."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    description: str
    icon: str | None
    category: str
    source: Literal["builtin", "custom", "community"]
    type_mode: str | None
    expected_input_types: list[str] | None
    inference_type: str | None
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None
    parameter_schema: dict[str, Any] | None
    supported_input_types: list[str]
    max_inputs: dict[str, int] | None
    default_parameters: dict[str, Any]
    costs: dict[str, Any] | None
    required_vector_indexes: list[VectorIndexEntry]
    required_payload_indexes: list[PayloadIndex] | None
    position_fields: list[str] | None
    capabilities: list[str] | None
    example_usage: dict[str, Any] | None


class NamespaceExtractor(ExtractorModel):
    """An extractor as one namespace has it registered."""

    params: dict[str, Any]
    feature_uri: str | None
    plugin_id: str | None
    deployed: bool | None
    validation_status: str | None


class NamespaceExtractorsResponse(BaseModel):
    """The extractors that are registered in a namespace."""

    success: Literal[True]
    extractors: list[NamespaceExtractor]
    total: int
    namespace_id: str
    builtin_count: int
    custom_count: int
