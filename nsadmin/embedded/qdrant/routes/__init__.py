"""The handlers, a module for each group of calls; importing them fills the router."""

from nsadmin.embedded.qdrant.routes import (
    aliases,
    collections,
    health,
    indexes,
    metrics,
    points,
    search,
    shard_snapshots,
    shards,
    snapshots,
    unsupported,
    vector_names,
)

__all__ = [
    "aliases",
    "collections",
    "health",
    "indexes",
    "metrics",
    "points",
    "search",
    "shard_snapshots",
    "shards",
    "snapshots",
    "unsupported",
    "vector_names",
]
