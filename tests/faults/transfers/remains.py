"""What a transfer may not leave behind on a server."""

from pathlib import Path

from nsadmin.stores.qdrant import collections, shards
from nsadmin.stores.qdrant.cluster import Cluster
from tests.faults.plant import until


def require_none(cluster: Cluster, known: set[str]) -> None:
    """The cluster has just these collections, and no shard of them has a snapshot."""
    assert set(collections.names(cluster)) == known
    for name in known:
        layout = shards.layout(cluster, name) or []
        for shard in layout:
            assert shards.snapshots(cluster, name, shard.id) == [], name


def require_no_staging(data_dir: Path) -> None:
    """The embedded server has no half-made file; it may still be deleting some."""
    staging = data_dir / "staging"
    assert staging.is_dir()
    until(lambda: not list(staging.iterdir()), "staging is empty", within_s=20)
