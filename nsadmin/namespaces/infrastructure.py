"""What may be said of a namespace's infrastructure, tier by tier. Pure."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from nsadmin.errors import Invalid
from nsadmin.namespaces.document import Namespace, Raw
from nsadmin.namespaces.fields import clean_description, faults_of

# Never in a response, a plan or an audit row.
SECRET_KEYS = frozenset({"qdrant_api_key", "qdrant_api_key_sealed"})
# What a response shows; whatever other writers keep beside it stays inside.
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


class InfrastructureInput(BaseModel):
    """The object of PATCH; keys that are known but not offered get a reason below."""

    model_config = ConfigDict(extra="forbid", strict=True)

    qdrant_collection: Annotated[str, Field(min_length=3, max_length=128)] | None = None
    compute_tier: Literal["shared", "dedicated_cpu", "dedicated_gpu"] | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    max_concurrent_jobs: Annotated[int, Field(ge=1, le=1000)] | None = None
    autoscaling_enabled: StrictBool | None = None
    ray_head_node_url: Annotated[str, Field(max_length=255)] | None = None
    min_workers: Annotated[int, Field(ge=0, le=100)] | None = None
    max_workers: Annotated[int, Field(ge=1, le=100)] | None = None
    gpu_type: Annotated[str, Field(max_length=64)] | None = None
    gpus_per_worker: Annotated[int, Field(ge=0, le=8)] | None = None
    qdrant_url: str | None = None
    qdrant_api_key: str | None = None
    qdrant_api_key_provided: StrictBool | None = None
    ray_cluster_id: str | None = None
    ray_dashboard_url: str | None = None
    s3_vector_bucket: str | None = None
    s3_plugin_bucket: str | None = None
    s3_plugin_prefix: str | None = None
    max_custom_plugins: int | None = None
    max_custom_models: int | None = None
    compute_profiles: dict[str, Any] | None = None
    authorization: dict[str, Any] | None = None


_RAY_URL = re.compile(r"ray://[A-Za-z0-9]([A-Za-z0-9.-]{0,252}):[0-9]{1,5}")
_GPU_TYPE = re.compile(r"[A-Za-z0-9 ._-]{0,64}")
_OFFERED = (
    "description",
    "max_concurrent_jobs",
    "autoscaling_enabled",
    "ray_head_node_url",
    "min_workers",
    "max_workers",
    "gpu_type",
    "gpus_per_worker",
)


_JUDGED = (
    "qdrant_collection",
    "compute_tier",
    "qdrant_url",
    "qdrant_api_key",
    "qdrant_api_key_provided",
)


def changed_infrastructure(namespace: Namespace, given: Raw) -> tuple[Raw, Raw]:
    """Return the stored object and the object that the input would make of it.

    Both without secrets; raise Invalid with every fault at once.
    """
    try:
        wanted = InfrastructureInput.model_validate(given)
    except ValidationError as error:
        faults = {f"infrastructure.{k}": v for k, v in faults_of(error).items()}
        raise Invalid(next(iter(faults.values()))[0], faults=faults) from None
    sent = wanted.model_dump(exclude_none=True)
    before = {
        key: value
        for key, value in namespace.infrastructure.items()
        if key not in SECRET_KEYS
    }
    faults = _refused(namespace, sent)
    after = {**before, **{key: sent[key] for key in _OFFERED if key in sent}}
    low, high = after.get("min_workers", 1), after.get("max_workers", 10)
    if low > high:
        faults["infrastructure.min_workers"] = [
            f"min_workers ({low}) exceeds max_workers ({high})."
        ]
    if "description" in sent:
        after["description"] = clean_description(
            sent["description"], at="infrastructure.description"
        )
    if not _GPU_TYPE.fullmatch(sent.get("gpu_type", "")):
        faults["infrastructure.gpu_type"] = ["Must be a name such as A100."]
    if not _RAY_URL.fullmatch(sent.get("ray_head_node_url", "ray://unset:1")):
        faults["infrastructure.ray_head_node_url"] = ["Must look like ray://host:port."]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], faults=faults)
    return before, after


def _refused(namespace: Namespace, sent: Raw) -> dict[str, list[str]]:
    """Keys that are known by name but cannot be changed here, with the reason."""
    faults: dict[str, list[str]] = {}
    if sent.get("qdrant_collection", namespace.collection) != namespace.collection:
        faults["infrastructure.qdrant_collection"] = [
            "The collection of a namespace cannot be changed."
        ]
    if sent.get("compute_tier", namespace.tier) != namespace.tier:
        sentence = "A change of tier moves the vectors; it is not offered here."
        faults["infrastructure.compute_tier"] = [sentence]
    for key in ("qdrant_url", "qdrant_api_key"):
        if key in sent:
            faults[f"infrastructure.{key}"] = [
                "A namespace on the shared tier uses the platform's cluster."
                if namespace.tier == "shared"
                else "The address and key of a dedicated cluster are not changed here."
            ]
    for key in sorted(set(sent) - {*_OFFERED, *_JUDGED}):
        if sent[key] != namespace.infrastructure.get(key):
            faults[f"infrastructure.{key}"] = [f"{key} is not offered here."]
    return faults
