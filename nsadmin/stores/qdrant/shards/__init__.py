"""The shards of a collection: where they are, their snapshots, and their streams."""

from nsadmin.stores.qdrant.shards.layouts import Shard, layout
from nsadmin.stores.qdrant.shards.snapshot_files import (
    Snapshot,
    create_snapshot,
    delete_snapshot,
    recover,
    snapshot_url,
    snapshots,
)
from nsadmin.stores.qdrant.shards.streams import Streamed, stream

__all__ = [
    "Shard",
    "Snapshot",
    "Streamed",
    "create_snapshot",
    "delete_snapshot",
    "layout",
    "recover",
    "snapshot_url",
    "snapshots",
    "stream",
]
