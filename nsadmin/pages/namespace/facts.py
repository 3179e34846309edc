"""Infrastructure as facts for the side column; secrets are only Set or Not set."""

from collections.abc import Iterator

from nsadmin.namespaces.read.rows import public_infrastructure
from nsadmin.namespaces.schema.document import Namespace


def facts(namespace: Namespace) -> list[tuple[str, str, str]]:
    """Return label, value and a remark for each fact that is stored."""
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
        is_set = bool(public.has_key)
        yield "API key", "Set" if is_set else "Not set", "Never shown" * is_set
    low, high = stored.get("min_workers"), stored.get("max_workers")
    if low is not None or high is not None:
        scaled = "autoscaled" if stored.get("autoscaling_enabled") else "fixed"
        most = "any number" if high is None else high
        yield "Workers", f"{low or 0} to {most}, {scaled}", ""
    if stored.get("gpu_type"):
        per_worker = stored.get("gpus_per_worker") or 0
        yield "GPU", f"{stored['gpu_type']}, {per_worker} per worker", ""
    if stored.get("max_concurrent_jobs"):
        yield "Jobs at once", f"{stored['max_concurrent_jobs']:,}", ""
    if stored.get("ray_head_node_url"):
        unused = "Not used on shared" * is_shared
        yield "Ray head node", str(stored["ray_head_node_url"]), unused
    if stored.get("description"):
        yield "Remark", str(stored["description"]), ""
