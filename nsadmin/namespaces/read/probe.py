"""Probing Qdrant for the live state of one namespace, stored as a snapshot.

Across all viewers and processes a collection is probed at most once in 5 s. A probe
never raises: a silent Qdrant is a valid result. While a cluster is silent, one request
in 5 s tries it again; the others do not wait for it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.read import outages, snapshots
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.collections import LiveCollection

_STEP_S = 0.05
# The shortest time between two probes of a collection, or of a silent cluster.
PROBE_INTERVAL_S = 5
# The silence of a cluster is remembered for this long, or until it answers.
_SILENCE_S = 60
# Key in the facts of a snapshot: what the last probe got instead of a good answer.
SAID = "said"
_NOT_QDRANT = "The cluster answers with something that is not Qdrant's."


def snapshot(
    namespace: Namespace,
    *,
    wait_s: float | None = None,
    max_age_s: float = PROBE_INTERVAL_S,
    force: bool = False,
) -> Snapshot | None:
    """Return a snapshot no older than `max_age_s` if one is available within `wait_s`.

    Otherwise the last one, however old; None if there never was one. `force` probes
    even if the stored snapshot is recent, as after a change made by nsadmin. Without
    `wait_s` it waits as long as a page does.
    """
    wait_s = settings.NSADMIN_PAGE_TIMEOUT_S if wait_s is None else wait_s
    key = namespace.namespace_id
    stored = snapshots.stored(key)
    if not force and not _is_old(stored, max_age_s):
        return stored
    if force:
        return probe_collection(namespace, timeout_s=wait_s)
    if claim(key):
        silence = _silence_message(namespace)
        if not silence:
            return probe_collection(namespace, timeout_s=wait_s)
        since = outages.silent_since(key, timezone.now())
        snapshots.record_silence([key], silence, since)
        return snapshots.stored(key)
    deadline = time.monotonic() + wait_s
    while (
        _is_old(stored, max(max_age_s, PROBE_INTERVAL_S))
        and time.monotonic() < deadline
    ):
        time.sleep(_STEP_S)
        stored = snapshots.stored(key)
    return stored


def claim(namespace_id: str) -> bool:
    """Reserve the one probe of a collection in 5 s; False if another has it."""
    return redis.claim(f"look:{namespace_id}", milliseconds=PROBE_INTERVAL_S * 1000)


def _is_old(stored: Snapshot | None, max_age_s: float) -> bool:
    return stored is None or stored.age_s > max_age_s


def _silence_message(namespace: Namespace) -> str:
    """Return the message of a silent cluster; "" if it may be probed now."""
    try:
        url = cluster_of(namespace).url
    except NsadminError:
        return ""  # the probe will report the error
    return _silence_at(url)


def _silence_at(url: str) -> str:
    message = cluster_silence(url)
    if not message or redis.claim(f"try:{url}", milliseconds=PROBE_INTERVAL_S * 1000):
        return ""
    return message


def cluster_silence(url: str) -> str:
    """Return the error of a cluster known to be silent, else ""."""
    return ephemeral.load(f"silent:{url}") or ""


@contextmanager
def track_reachability(cluster: Cluster) -> Iterator[None]:
    """Remember for all processes whether the cluster answers the enclosed calls.

    No answer, one that is too slow, and from a customer's own cluster one that cannot
    be read count alike: such a cluster is asked once in 5 s, and nobody else waits.
    """
    silent = f"silent:{cluster.url}"
    try:
        yield
    except Unavailable as failure:
        if "status" not in failure.details:  # no whole answer
            ephemeral.store(silent, failure.message, seconds=_SILENCE_S)
        raise
    except MalformedAnswer:
        if not cluster.is_shared:
            ephemeral.store(silent, _NOT_QDRANT, seconds=_SILENCE_S)
        raise
    ephemeral.drop([silent])


def probe_collection(namespace: Namespace, *, timeout_s: float) -> Snapshot:
    """Ask Qdrant now; store and return the snapshot, also if it was silent."""
    began = time.perf_counter()
    found: LiveCollection | None = None
    error, said = "", None
    try:
        cluster = cluster_of(namespace)
        with track_reachability(cluster):
            found = collections.get(cluster, namespace.collection, timeout_s=timeout_s)
    except NsadminError as failure:
        error = failure.message
        said = {
            "asked": f"GET /collections/{namespace.collection}",
            "status": failure.details.get("status"),
            "words": failure.details.get("upstream"),
        }
    milliseconds = (time.perf_counter() - began) * 1000
    taken = snapshots.store(namespace.namespace_id, found, error, milliseconds)
    if said is not None:
        snapshots.record(namespace.namespace_id, **{SAID: said})
        taken = snapshots.stored(namespace.namespace_id) or taken
    snapshots.cache(namespace, taken)
    return taken


def actual_collection(namespace: Namespace) -> ActualCollection:
    """Ask Qdrant now, for a plan.

    Raises Unavailable if it does not answer, MalformedAnswer if it answers nonsense. A
    customer's own cluster that does so is not waited for again within 5 s.
    """
    cluster = cluster_of(namespace)
    within_s = settings.NSADMIN_PLAN_TIMEOUT_S
    with _for_plan(cluster):
        found = collections.get(cluster, namespace.collection, timeout_s=within_s)
    return actual_from_live(found)


def server_version(namespace: Namespace) -> str:
    """Return the version of the Qdrant that holds the namespace, such as 1.18.3."""
    cluster = cluster_of(namespace)
    with _for_plan(cluster):
        return collections.version(cluster, timeout_s=settings.NSADMIN_PLAN_TIMEOUT_S)


@contextmanager
def _for_plan(cluster: Cluster) -> Iterator[None]:
    """Track the calls of a plan; raise at once for a cluster known not to answer."""
    if cluster.is_shared:
        yield
        return
    message = _silence_at(cluster.url)
    if message:
        raise Unavailable(message, details={"store": "qdrant"})
    with track_reachability(cluster):
        yield


def actual_from_live(found: LiveCollection | None) -> ActualCollection:
    """Return a collection of Qdrant in the form that plans compare."""
    if found is None:
        return ActualCollection(exists=False, points=0, vectors={}, indexes={})
    return ActualCollection(
        exists=True,
        points=found.points,
        vectors={n: (v.size, v.distance) for n, v in found.vectors.items()},
        indexes={n: {**i.params, "type": i.type} for n, i in found.indexes.items()},
        namespace_id=str((found.raw.get("metadata") or {}).get("namespace_id") or ""),
    )


def actual_from_snapshot(snapshot: Snapshot) -> ActualCollection:
    """Return the collection of a snapshot in the form that plans compare."""
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
