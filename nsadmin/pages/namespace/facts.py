"""Infrastructure as facts for the side column; secrets are "Set" or "Not set"."""

from collections.abc import Iterator

from nsadmin.namespaces.plan.infrastructure_steps import has_stored_key
from nsadmin.namespaces.read.rows import public_infrastructure
from nsadmin.namespaces.schema.document import Namespace


def facts(namespace: Namespace) -> list[tuple[str, str, str]]:
    """Return (label, value, remark) of each stored setting."""
    return list(_facts(namespace))


def _facts(namespace: Namespace) -> Iterator[tuple[str, str, str]]:
    public = public_infrastructure(namespace)
    stored = public.settings
    is_shared = namespace.tier == "shared"
    if namespace.cluster_id:
        yield "Cluster", namespace.cluster_id, ""
    yield "Collection", namespace.collection, ""
    if not is_shared:
        yield "Qdrant", str(stored.get("qdrant_url") or "The platform's cluster"), ""
        yield "API key", *_key(namespace, is_set=bool(public.has_key))
    low, high = stored.get("min_workers"), stored.get("max_workers")
    if low is not None or high is not None:
        scaled = "autoscaled" if stored.get("autoscaling_enabled") else "fixed"
        most = "any number" if high is None else high
        yield "Workers", f"{low or 0} to {most}, {scaled}", ""
    if stored.get("gpu_type"):
        per_worker = stored.get("gpus_per_worker") or 0
        yield "GPU", f"{stored['gpu_type']}, {per_worker} per worker", ""
    if stored.get("max_concurrent_jobs"):
        most = f"{stored['max_concurrent_jobs']:,}"
        yield "Jobs at once", most, "The subscription may allow fewer"
    if stored.get("ray_head_node_url"):
        unused = "Not used on shared" * is_shared
        yield "Ray head node", str(stored["ray_head_node_url"]), unused
    if stored.get("description"):
        yield "Remark", str(stored["description"]), ""


def _key(namespace: Namespace, *, is_set: bool) -> tuple[str, str]:
    """Return whether a key is stored, and when and by whom it was."""
    if not is_set:
        return "Not set", ""
    key = has_stored_key(namespace)
    if key.set_at is None or not key.set_by:
        return "Set", "Never shown"
    return "Set", f"{key.set_at:%-d %b %Y} by {key.set_by}, never shown"
