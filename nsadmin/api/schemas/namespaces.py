"""A namespace in responses, alone and in a list."""

from datetime import datetime
from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import rows
from nsadmin.namespaces.read.counts import Counts
from nsadmin.namespaces.read.rows import ListedIndex, PublicInfrastructure
from nsadmin.namespaces.schema.document import Namespace, StoredExtractor

IndexType = Literal[
    "keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"
]


# Fields of a document that a summary lacks.
_LONG = frozenset({"feature_extractors", "payload_indexes", "vector_inference_map"})


class Infrastructure(BaseModel):
    """Where a namespace computes and stores; a stored key is never shown."""

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

    @classmethod
    def of(cls, public: PublicInfrastructure) -> Self:
        """Return the infrastructure with those fields that are stored."""
        values = {
            **public.settings,
            "compute_tier": public.tier,
            "qdrant_collection": public.collection,
        }
        if public.has_key is not None:
            values["qdrant_api_key_provided"] = public.has_key
        return cls.model_construct(**values)


class FeatureExtractor(BaseModel):
    """A registered feature extractor; `params` are locked."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    params: dict[str, Any] | None

    @classmethod
    def of(cls, stored: StoredExtractor) -> Self:
        """Return a registered extractor."""
        return cls.model_construct(
            feature_extractor_name=stored.name,
            version=stored.version,
            feature_extractor_id=stored.id,
            params=stored.params or {},
        )


class PayloadIndex(TypedDict):
    """A payload index; protected ones belong to the system or to an extractor."""

    # A dict and not a model: a page of namespaces has thousands of them.

    field_name: str
    type: IndexType
    field_schema: dict[str, Any]
    is_protected: bool


def payload_index(index: ListedIndex) -> PayloadIndex:
    """Return an index with its type in both places."""
    return PayloadIndex(
        field_name=index.field_name,
        type=index.schema["type"],
        field_schema=index.schema,
        is_protected=index.is_protected,
    )


class QdrantStatus(BaseModel):
    """The state of the Qdrant collection now."""

    status: Literal["green", "yellow", "red", "grey"]
    points_count: int
    indexed_vectors_count: int
    segments_count: int


class VectorConfig(BaseModel):
    """A custom vector, which only standalone namespaces have."""

    name: str
    dimension: int
    metric: Literal["cosine", "euclidean", "dot_product"]


class MoveTask(BaseModel):
    """The task that moves a namespace; its infrastructure changes when it ends."""

    task_id: str
    task_type: Literal["api_namespaces_migrations_run"]


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
    document_count_at: datetime | None = Field(
        description="When Qdrant reported the number of documents."
    )
    bucket_count: int | None
    collection_count: int | None
    object_count: int | None
    auto_create_indexes: bool
    vector_inference_map: dict[str, str]
    vector_configs: list[VectorConfig] | None = Field(
        description="Null: vectors come from feature extractors."
    )
    qdrant_status: QdrantStatus | None = Field(
        description="Only for a single namespace, and if Qdrant answers at once."
    )
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    clone_status: Literal["cloning", "ready", "failed"] | None
    clone_error: str | None
    source_namespace_id: str | None
    revision: int = Field(description="Increases with every accepted change; the ETag.")
    observed_revision: int = Field(
        description="The revision applied in Qdrant; lower while it is catching up."
    )
    additional_data: MoveTask | None = Field(
        default=None,
        description=(
            "Only in the answer to a change that moves points to another cluster: the "
            "task that does it. Absent otherwise."
        ),
    )
    unreadable: list[str] = Field(
        default_factory=list,
        description=(
            "What cannot be read of the stored document, a sentence for each value, "
            "which is left out or null here. Absent if everything can be read."
        ),
    )

    @classmethod
    def of(
        cls,
        namespace: Namespace,
        counts: Counts,
        *,
        qdrant_status: dict[str, Any] | None = None,
    ) -> Self:
        """Return a namespace with its counts."""
        return cls.model_construct(
            _fields_set=cls._shown(namespace),
            **_short_values(namespace, counts),
            qdrant_status=_qdrant_status(qdrant_status),
            feature_extractors=[FeatureExtractor.of(e) for e in namespace.extractors],
            payload_indexes=[
                payload_index(index) for index in rows.listed_indexes(namespace)
            ],
            vector_inference_map=namespace.vector_inference_map,
            vector_configs=None,  # only namespaces without extractors would have them
        )

    @classmethod
    def of_row(cls, row: MirroredNamespace) -> Self:
        """Return the namespace of a row of the list."""
        return cls.of(*rows.read_mirrored(row))

    @classmethod
    def _shown(cls, namespace: Namespace) -> set[str]:
        """Return the fields that are not left out of the answer.

        Their values are given all the same: a default would be made for each row.
        """
        absent = {"additional_data"} | (set() if namespace.faults else {"unreadable"})
        return cls.model_fields.keys() - absent - _hidden(cls)


class NamespaceSummary(NamespaceModel):
    """A namespace in a list with `view=summary`, without its long parts."""

    feature_extractors: list[FeatureExtractor] = Field(exclude=True)
    payload_indexes: list[PayloadIndex] = Field(exclude=True)
    vector_inference_map: dict[str, str] = Field(exclude=True)
    vector_configs: list[VectorConfig] | None = Field(exclude=True)

    @classmethod
    def of(
        cls,
        namespace: Namespace,
        counts: Counts,
        *,
        qdrant_status: dict[str, Any] | None = None,
    ) -> Self:
        """Return a namespace without its long parts."""
        return cls.model_construct(
            _fields_set=cls._shown(namespace),
            **_short_values(namespace, counts),
            qdrant_status=_qdrant_status(qdrant_status),
        )

    @classmethod
    def of_row(cls, row: MirroredNamespace) -> Self:
        """Return the namespace of a row of the list; its long parts are not read."""
        return cls.of(*rows.read_mirrored(row, without=_LONG))


@cache
def _hidden(model: type[NamespaceModel]) -> frozenset[str]:
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if field.exclude)


def _qdrant_status(status: dict[str, Any] | None) -> QdrantStatus | None:
    return None if status is None else QdrantStatus.model_construct(**status)


def _short_values(namespace: Namespace, counts: Counts) -> dict[str, Any]:
    """Return the fields that a summary has too."""
    return {
        "unreadable": list(namespace.faults),
        "namespace_name": namespace.name,
        "object": "namespace",
        "namespace_id": namespace.namespace_id,
        "mode": "managed",
        "namespace_type": namespace.namespace_type,
        "scope": namespace.scope,
        "infrastructure": Infrastructure.of(rows.public_infrastructure(namespace)),
        "cluster_id": namespace.cluster_id,
        "description": namespace.description,
        "document_count": counts.documents,
        "document_count_at": counts.documents_at,
        "bucket_count": counts.buckets,
        "collection_count": counts.collections,
        "object_count": counts.objects,
        "auto_create_indexes": namespace.auto_create_indexes,
        "created_at": namespace.created_at,
        "updated_at": namespace.updated_at,
        "expires_at": namespace.expires_at,
        "clone_status": namespace.clone_status,
        "clone_error": namespace.clone_error,
        "source_namespace_id": namespace.source_namespace_id,
        "revision": namespace.revision,
        "observed_revision": namespace.observed_revision,
    }
