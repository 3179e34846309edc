"""The infrastructure fields that each compute tier requires or forbids. Pure."""

from collections.abc import Mapping
from typing import Any

from nsadmin.namespaces.schema.document import Namespace, Raw

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "shared": (),
    "dedicated_cpu": ("qdrant_url", "qdrant_api_key", "ray_head_node_url"),
    "dedicated_gpu": (
        "qdrant_url",
        "qdrant_api_key",
        "ray_head_node_url",
        "gpu_type",
        "gpus_per_worker",
    ),
}
_OWN_ONLY = ("qdrant_url", "qdrant_api_key")
_CUSTOM = ("max_custom_models", "max_custom_plugins")


def tier_errors(
    namespace: Namespace, sent: Raw, after: Raw, *, has_key: bool
) -> dict[str, str]:
    """Return a message for each key of `after` that violates the rules of its tier.

    `sent` are the keys of the request. A field that was missing before is an error only
    if the tier changes or the field is sent, so that other fields can still be changed.
    """
    tier = after["compute_tier"]
    moves = tier != namespace.tier
    values = {**after, "qdrant_api_key": has_key or None}
    errors = {
        key: f"{tier} needs {key}."
        for key in _NEEDS[tier]
        if (moves or key in sent) and values.get(key) is None
    }
    if tier == "shared":
        errors |= _on_shared(sent, after, moves=moves)
    checks_gpus = moves or "gpus_per_worker" in sent
    if tier == "dedicated_gpu" and checks_gpus and after.get("gpus_per_worker") == 0:
        errors["gpus_per_worker"] = "dedicated_gpu needs at least one GPU per worker."
    low, high = _number(after, "min_workers", 1), _number(after, "max_workers", 10)
    if low > high and ("min_workers" in sent or "max_workers" in sent):
        errors["min_workers"] = f"min_workers ({low}) exceeds max_workers ({high})."
    return errors


def _on_shared(sent: Raw, after: Raw, *, moves: bool) -> dict[str, str]:
    found = {
        key: "A namespace on the shared tier uses the platform's cluster."
        for key in _OWN_ONLY
        if key in sent
    }
    for key in _CUSTOM:
        if (moves or key in sent) and _number(after, key, 0) > 0:
            found[key] = "Must be 0 on the shared tier."
    return found


def _number(values: Raw, key: str, default: int) -> int:
    value: Any = values.get(key)
    return value if isinstance(value, int) else default
