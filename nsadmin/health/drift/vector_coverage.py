"""The number of points that have each vector, counted rarely.

A vector that was lost and added again looks complete in the configuration of the
collection; only a count shows that no point has it.
"""

import math
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from nsadmin.errors import NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import probe, snapshots
from nsadmin.namespaces.read.snapshots import VECTOR_COUNT_PREFIX, Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.qdrant import telemetry
from nsadmin.stores.qdrant.cluster import Cluster

# A namespace has fewer vectors; of a collection with more, these are counted.
_MOST_VECTORS = 50
# Repeated comparisons use the last counts for this long.
_KEPT_MS = 30_000


def ask_counts(namespace: Namespace, vector: str, points: int) -> bool:
    """Count once and store the count; return whether Qdrant answered.

    `points` is the number of points in the snapshot, stored beside the count.
    """
    try:
        told = counted(cluster_of(namespace), namespace.collection, vector, points)
    except NsadminError:
        return False
    snapshots.record(namespace.namespace_id, **{f"{VECTOR_COUNT_PREFIX}{vector}": told})
    return True


def counted(
    cluster: Cluster, collection: str, vector: str, points: int
) -> dict[str, Any] | None:
    """Return a count as it is stored, None if the server cannot count; no SQL is asked.

    Raises the errors of the call.
    """
    with probe.track_reachability(cluster):
        found = telemetry.count_with_vector(
            cluster, collection, vector, timeout_s=settings.NSADMIN_SAMPLE_TIMEOUT_S
        )
    return None if found is None else {"have": found, "of": max(found, points)}


def first_counts(namespace: Namespace, snapshot: Snapshot | None) -> Snapshot | None:
    """Return the snapshot with counts of the vectors without one since a change.

    A vector that was just added has none; the next regular count may be minutes away.
    """
    if snapshot is None or not snapshot.ok or not (live := snapshot.live):
        return snapshot
    new = [
        vector
        for vector in live.vectors
        if snapshot.fact_age_s(f"{VECTOR_COUNT_PREFIX}{vector}") == math.inf
    ]
    if not live.points or not new or not _count(namespace, new, live.points):
        return snapshot
    latest = snapshots.stored(namespace.namespace_id)
    if latest is not None:
        snapshots.cache(namespace, latest)
    return latest


def refreshed(namespace: Namespace, snapshot: Snapshot | None) -> Snapshot | None:
    """Return the snapshot with counts of the last 30 s, if Qdrant gives them."""
    if snapshot is None or not snapshot.ok or snapshot.live is None:
        return snapshot
    vectors = list(snapshot.live.vectors)[:_MOST_VECTORS]
    counted = [snapshot.fact_age_s(f"{VECTOR_COUNT_PREFIX}{v}") for v in vectors]
    is_recent = max(counted, default=0) * 1000 < _KEPT_MS
    if is_recent or not _count(namespace, vectors, snapshot.live.points):
        return snapshot
    return snapshots.stored(namespace.namespace_id)


def _count(namespace: Namespace, vectors: Sequence[str], points: int) -> bool:
    """Count the points with each vector; False if another request counts them now."""
    key = f"having:{namespace.namespace_id}"
    if not redis.claim(key, milliseconds=_KEPT_MS):
        return False
    for vector in vectors[:_MOST_VECTORS]:
        if not ask_counts(namespace, vector, points):
            break
    redis.release(key)
    return True
