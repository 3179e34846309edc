"""Nodes of a cluster, and the aliases and shard keys of a collection.

Some servers lack some of these reports; the value is then None, never 0.
"""

from typing import Any

from django.conf import settings

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

ShardKey = int | str


def nodes(cluster: Cluster) -> int | None:
    """Return the number of nodes; 1 for a server that is not distributed."""
    result = _report(cluster, "/cluster")
    if not isinstance(result, dict):
        return None
    if result.get("status") == "disabled":
        return 1
    peers = result.get("peers")
    return len(peers) if isinstance(peers, dict) and peers else None


def is_distributed(cluster: Cluster) -> bool:
    """Tell whether the cluster says that it is distributed; only then it has keys."""
    result = _report(cluster, "/cluster")
    return isinstance(result, dict) and result.get("status") == "enabled"


def aliases(cluster: Cluster, name: str) -> list[str]:
    """Return the aliases of a collection, sorted; [] if the server has no report."""
    result = _report(cluster, f"/collections/{collection_name(name)}/aliases")
    listed = result.get("aliases") if isinstance(result, dict) else None
    found = listed if isinstance(listed, list) else []
    names = [entry.get("alias_name") for entry in found if isinstance(entry, dict)]
    return sorted(alias for alias in names if isinstance(alias, str))


def shard_keys(cluster: Cluster, name: str) -> list[ShardKey]:
    """Return the shard keys of a collection; [] if its sharding is automatic."""
    result = _report(cluster, f"/collections/{collection_name(name)}/shards")
    listed = result.get("shard_keys") if isinstance(result, dict) else None
    found = listed if isinstance(listed, list) else []
    keys = [entry.get("key") for entry in found if isinstance(entry, dict)]
    return [key for key in keys if isinstance(key, int | str)]


def create_shard_key(cluster: Cluster, name: str, key: ShardKey) -> None:
    """Make the shards of a key. Raises UpstreamError if the key exists already."""
    path = f"/collections/{collection_name(name)}/shards"
    exchange.call(cluster, "PUT", path, {"shard_key": key})


def _report(cluster: Cluster, path: str) -> Any:
    try:
        return exchange.call(
            cluster, "GET", path, timeout_s=settings.NSADMIN_PLAN_TIMEOUT_S
        )
    except UpstreamError:
        return None
