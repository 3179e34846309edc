"""The infrastructure object of a request, with the range of every field. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StrictBool, WithJsonSchema

from nsadmin.namespaces.schema.limits import (
    API_KEY_MAX,
    DESCRIPTION_MAX,
    GPU_TYPE_MAX,
    URL_MAX,
    StrictModel,
    limits,
)

KEY_FIELD = "qdrant_api_key"
SEALED_FIELD = "qdrant_api_key_sealed"
# Never in a response, a plan or an audit row.
SECRET_KEYS = frozenset({KEY_FIELD, SEALED_FIELD})
# Shown in responses; keys that other programs store are not.
PUBLIC_KEYS = (
    "ray_cluster_id",
    "ray_head_node_url",
    "ray_dashboard_url",
    "qdrant_url",
    "qdrant_collection",
    "s3_vector_bucket",
    "compute_tier",
    "max_concurrent_jobs",
    "autoscaling_enabled",
    "min_workers",
    "max_workers",
    "gpu_type",
    "gpus_per_worker",
    "s3_plugin_bucket",
    "s3_plugin_prefix",
    "max_custom_plugins",
    "max_custom_models",
    "description",
)
# In the order in which a plan changes them.
OFFERED = (
    "compute_tier",
    "qdrant_url",
    "ray_head_node_url",
    "gpu_type",
    "gpus_per_worker",
    "min_workers",
    "max_workers",
    "autoscaling_enabled",
    "max_concurrent_jobs",
    "max_custom_models",
    "max_custom_plugins",
    "description",
)
DEFAULTS: Mapping[str, Any] = {
    "max_concurrent_jobs": 10,
    "autoscaling_enabled": True,
    "min_workers": 1,
    "max_workers": 10,
    "max_custom_plugins": 0,
    "max_custom_models": 0,
    "s3_plugin_bucket": "mixpeek-plugins",
}

Url = Annotated[str, Field(max_length=URL_MAX)]
Key = Annotated[SecretStr, limits("string", minLength=1, maxLength=API_KEY_MAX)]
CollectionName = Annotated[str, Field(min_length=3, max_length=128)]
Description = Annotated[str, limits("string", maxLength=DESCRIPTION_MAX)]


class InfrastructureInput(StrictModel):
    """The object of PATCH. Known keys that cannot be set are refused with a reason."""

    qdrant_collection: CollectionName | None = None
    compute_tier: Literal["shared", "dedicated_cpu", "dedicated_gpu"] | None = None
    description: Description | None = None
    max_concurrent_jobs: Annotated[int, Field(ge=1, le=1000)] | None = None
    autoscaling_enabled: StrictBool | None = None
    ray_head_node_url: Url | None = None
    min_workers: Annotated[int, Field(ge=0, le=100)] | None = None
    max_workers: Annotated[int, Field(ge=1, le=100)] | None = None
    gpu_type: Annotated[str, Field(max_length=GPU_TYPE_MAX)] | None = None
    gpus_per_worker: Annotated[int, Field(ge=0, le=8)] | None = None
    qdrant_url: Url | None = None
    qdrant_api_key: Key | None = None
    qdrant_api_key_provided: StrictBool | None = None
    max_custom_plugins: Annotated[int, Field(ge=0, le=100)] | None = None
    max_custom_models: Annotated[int, Field(ge=0, le=50)] | None = None
    ray_cluster_id: str | None = None
    ray_dashboard_url: str | None = None
    s3_vector_bucket: str | None = None
    s3_plugin_bucket: str | None = None
    s3_plugin_prefix: str | None = None
    compute_profiles: dict[str, Any] | None = None
    authorization: dict[str, Any] | None = None


# It is validated once the namespace is known; until then it is an unparsed object.
INFRASTRUCTURE_SCHEMA = WithJsonSchema(InfrastructureInput.model_json_schema())
