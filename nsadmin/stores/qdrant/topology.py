"""Nodes of a cluster, and the aliases and shard keys of a collection.

Some servers lack some of these reports; the value is then None, never 0.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from django.conf import settings
from pydantic import Field

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant.answers import (
    LARGEST,
    MOST_NAMES,
    NAME_LENGTH,
    Name,
    Part,
    Some,
    read,
)
from nsadmin.stores.qdrant.bulk import exchange
from nsadmin.stores.qdrant.cluster import Cluster, collection_name

ShardKey = int | str


@dataclass(frozen=True, slots=True)
class Distribution:
    """The number of nodes of a cluster, and whether it says that it is distributed.

    Only a distributed cluster has shards by key; another one is a single node.
    """

    nodes: int | None
    is_enabled: bool


def distribution(cluster: Cluster) -> Distribution:
    """Ask a cluster how it is distributed."""
    result = _report(cluster, "/cluster")
    if not isinstance(result, dict):
        return Distribution(nodes=None, is_enabled=False)
    if result.get("status") == "disabled":
        return Distribution(nodes=1, is_enabled=False)
    peers = result.get("peers")
    known = len(peers) if isinstance(peers, dict) and peers else None
    return Distribution(known, is_enabled=result.get("status") == "enabled")


class _Alias(Part):
    alias_name: Name


class _Aliases(Part):
    aliases: Annotated[Some[_Alias], Field(max_length=MOST_NAMES)]


class _Key(Part):
    # A key is sent back as it is, so it is refused where other names would be cut.
    key: (
        Annotated[int, Field(ge=0, le=LARGEST)]
        | Annotated[str, Field(max_length=NAME_LENGTH, pattern=r"^[^\x00]*$")]
    )


class _Keys(Part):
    shard_keys: Annotated[Some[_Key], Field(max_length=MOST_NAMES)]


def aliases(cluster: Cluster, name: str) -> list[str]:
    """Return the aliases of a collection, sorted; [] if the server has no report."""
    result = _report(cluster, f"/collections/{collection_name(name)}/aliases")
    if result is None:
        return []
    return sorted(entry.alias_name for entry in read(_Aliases, result).aliases)


def shard_keys(cluster: Cluster, name: str) -> list[ShardKey]:
    """Return the shard keys of a collection; [] if its sharding is automatic."""
    result = _report(cluster, f"/collections/{collection_name(name)}/shards")
    if result is None:
        return []
    return [entry.key for entry in read(_Keys, result).shard_keys]


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
