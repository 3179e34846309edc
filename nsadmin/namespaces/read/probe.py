"""The live state of one namespace: a stored look at Qdrant, renewed by one at a time.

However many viewers and processes ask, a collection is asked at most once in 5 s. A
look never raises: a silent Qdrant is part of what it tells. While a cluster is silent,
one viewer in 5 s tries it again; the others do not wait for it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

_STEP_S = 0.05
# Whoever asks, a collection is asked at most this often, a silent cluster as well.
EVERY_S = 5
# A silence is remembered for this long unless somebody hears an answer.
_SILENCE_S = 60
# A plan is waited for, and refused while Qdrant is silent.
_PLAN_S = 1.0


def snapshot(
    namespace: Namespace,
    *,
    wait_s: float = 0.5,
    max_age_s: float = EVERY_S,
    force: bool = False,
) -> Snapshot | None:
    """Return a look of at most `max_age_s` if one can be had within `wait_s`.

    Otherwise the last one, however old; None where nobody ever looked. `force` looks
    again even if the stored look is young, as after a change of our own.
    """
    key = namespace.namespace_id
    stored = snapshots.stored(key)
    if not force and not _is_old(stored, max_age_s):
        return stored
    if force:
        return probe_collection(namespace, timeout_s=wait_s)
    if claim(key):
        silence = _silence_of(namespace)
        if not silence:
            return probe_collection(namespace, timeout_s=wait_s)
        snapshots.record_silence([key], silence)
        return snapshots.stored(key)
    deadline = time.monotonic() + wait_s
    while _is_old(stored, max(max_age_s, EVERY_S)) and time.monotonic() < deadline:
        time.sleep(_STEP_S)
        stored = snapshots.stored(key)
    return stored


def claim(namespace_id: str) -> bool:
    """Take the one question that may be asked of a collection in 5 s."""
    return redis.claim(f"look:{namespace_id}", milliseconds=EVERY_S * 1000)


def _is_old(stored: Snapshot | None, max_age_s: float) -> bool:
    return stored is None or stored.age_s > max_age_s


def _silence_of(namespace: Namespace) -> str:
    """Say that the cluster is silent; empty if it is not, or may be tried again now."""
    try:
        url = cluster_of(namespace).url
    except NsadminError:
        return ""  # the look will say why
    said = silence_of_cluster(url)
    if not said or redis.claim(f"try:{url}", milliseconds=EVERY_S * 1000):
        return ""
    return said


def silence_of_cluster(url: str) -> str:
    """Return the sentence of a cluster's silence; empty as far as anybody knows."""
    return ephemeral.load(f"silent:{url}") or ""


@contextmanager
def track_reachability(cluster: Cluster) -> Iterator[None]:
    """Remember for all viewers whether the cluster answers what is asked inside."""
    silent = f"silent:{cluster.url}"
    try:
        yield
    except Unavailable as failure:
        if "status" not in failure.details:  # nothing came back at all
            ephemeral.store(silent, failure.message, seconds=_SILENCE_S)
        raise
    ephemeral.drop([silent])


def probe_collection(namespace: Namespace, *, timeout_s: float) -> Snapshot:
    """Ask Qdrant now and store what it said, or that it was silent."""
    began = time.perf_counter()
    found: LiveCollection | None = None
    error = ""
    try:
        cluster = cluster_of(namespace)
        with track_reachability(cluster):
            found = collections.get(cluster, namespace.collection, timeout_s=timeout_s)
    except NsadminError as failure:
        error = failure.message
    milliseconds = (time.perf_counter() - began) * 1000
    seen = snapshots.store(namespace.namespace_id, found, error, milliseconds)
    snapshots.cache(namespace, seen)
    return seen


def actual_collection(
    namespace: Namespace, *, timeout_s: float = _PLAN_S
) -> ActualCollection:
    """Ask Qdrant now, for a plan; raise Unavailable where it does not answer."""
    cluster = cluster_of(namespace)
    found = collections.get(cluster, namespace.collection, timeout_s=timeout_s)
    return to_actual(found)


def server_version(namespace: Namespace) -> str:
    """Return the version of the Qdrant that holds the namespace, such as 1.18.3."""
    return collections.version(cluster_of(namespace), timeout_s=_PLAN_S)


def to_actual(found: LiveCollection | None) -> ActualCollection:
    """Return what a plan needs to know of a collection."""
    if found is None:
        return ActualCollection(exists=False, points=0, vectors={}, indexes={})
    return ActualCollection(
        exists=True,
        points=found.points,
        vectors={n: (v.size, v.distance) for n, v in found.vectors.items()},
        indexes={n: {**i.params, "type": i.type} for n, i in found.indexes.items()},
        namespace_id=(found.raw.get("metadata") or {}).get("namespace_id") or "",
    )


def actual_in(snapshot: Snapshot) -> ActualCollection:
    """Return what a stored look says of a collection, as plans see it."""
    live = snapshot.live
    if live is None or not snapshot.exists:
        return ActualCollection(exists=False, points=0, vectors={}, indexes={})
    return ActualCollection(
        exists=True,
        points=live.points,
        vectors={n: (v["size"], v["distance"]) for n, v in live.vectors.items()},
        indexes={
            n: {**i["params"], "type": i["type"]} for n, i in live.indexes.items()
        },
    )
