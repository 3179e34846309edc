"""The infrastructure object as it is sent, with the range of every field. Pure."""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StrictBool, WithJsonSchema

from nsadmin.namespaces.schema.limits import (
    API_KEY_MAX,
    DESCRIPTION_MAX,
    GPU_TYPE_MAX,
    URL_MAX,
    limits,
)
from nsadmin.namespaces.schema.strict import StrictModel

Url = Annotated[str, Field(max_length=URL_MAX)]
Key = Annotated[SecretStr, limits("string", minLength=1, maxLength=API_KEY_MAX)]
CollectionName = Annotated[str, Field(min_length=3, max_length=128)]
Description = Annotated[str, limits("string", maxLength=DESCRIPTION_MAX)]


class InfrastructureInput(StrictModel):
    """The object of PATCH; keys that are known but not offered get a reason."""

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


# It is read once the namespace is known; until then it is passed on as it was sent.
INFRASTRUCTURE_SCHEMA = WithJsonSchema(InfrastructureInput.model_json_schema())
