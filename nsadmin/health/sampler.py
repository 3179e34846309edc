"""Samples watched collections every 5 s, the others every 5 minutes.

A cluster is probed first, by one cheap call. If it does not answer, this is recorded
for all its namespaces, and none of its collections is asked.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from operator import attrgetter
from typing import Final

from django.conf import settings
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health import cluster_probe, drift_scan, vector_coverage
from nsadmin.health.cluster_probe import Probe
from nsadmin.jobs import items
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import history, probe, snapshots
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import telemetry
from nsadmin.stores.qdrant.cluster import Cluster

# The names of the loops in the rows of failing items.
LOOP: Final = "sample"
PROBING: Final = "probe"
_SLOW_S = 300
# A little shorter than the interval, because the schedule may run a little early.
_WATCHED_S = probe.PROBE_INTERVAL_S - 0.5
_PROBED_MS = 4000
# Extra facts are asked only while the snapshot itself is recent.
_RECENT_S = 1.6 * probe.PROBE_INTERVAL_S


@dataclass(frozen=True, slots=True)
class Sampled:
    """The numbers of collections that answered now, that failed to answer last, and
    of namespaces and clusters at which the sampling itself failed.
    """

    answered: int
    silent: int
    failed: int = 0


def sample(share: ClusterShare = EVERY) -> Sampled:
    """Renew every snapshot of this share that is due."""
    known = cluster_probe.known()
    cluster_probe.forget_others(known)
    mine = [
        cluster
        for cluster in known
        if share.covers_cluster(cluster)
        and redis.claim(f"probe:{cluster.url}", milliseconds=_PROBED_MS)
    ]
    tally = items.Tally()

    def sample_cluster(found: Probe) -> None:
        _sample_cluster(found, known[found.cluster], tally)

    clusters = items.each(
        LOOP,
        cluster_probe.probe(mine),
        sample_cluster,
        key=lambda found: found.cluster.url,
        kind="cluster",
    )
    if redis.claim("trim", milliseconds=_SLOW_S * 1000):
        history.trim()
    silent = _silent(chain.from_iterable(known.values()))
    return Sampled(tally.done, silent, tally.failed + clusters.failed)


def _silent(ids: Iterable[str]) -> int:
    """Count the namespaces whose last request got no answer, whoever sent it."""
    unanswered = LastLook.objects.filter(ok=False)
    return len(set(unanswered.values_list("namespace_id", flat=True)).intersection(ids))


def _sample_cluster(found: Probe, ids: list[str], tally: items.Tally) -> None:
    """Store the probe of a cluster, and sample its due namespaces if it answered.

    `tally` counts the collections that answer, and the namespaces that fail.
    """
    cluster_probe.store(found, namespaces=len(ids))
    tally.failed += _note_odd_answer(found)
    if found.silence:
        snapshots.record_silence(ids, found.silence)
        return
    sampled: list[Namespace] = []

    def sample_one(namespace_id: str) -> None:
        raw = store.get(namespace_id)
        if raw is None or document.is_deleting(raw):
            return
        namespace = document.read(raw)
        tally.done += _sample_namespace(namespace)
        sampled.append(namespace)

    due = _while_answering(found.cluster, _due(ids))
    tally.failed += items.each(LOOP, due, sample_one, key=str).failed
    if sampled and not probe.cluster_silence(found.cluster.url):
        _ask_resources(sampled[-1], ids)


def _note_odd_answer(found: Probe) -> int:
    """Record an unexpected error of a probe at its cluster; return 1 for one."""

    def judge(found: Probe) -> None:
        if found.failure is not None:
            raise found.failure

    key = attrgetter("cluster.url")
    return items.each(PROBING, [found], judge, key=key, kind="cluster").failed


def _while_answering(cluster: Cluster, ids: Iterable[str]) -> Iterator[str]:
    """Yield the ids until the cluster no longer answers."""
    for namespace_id in ids:
        if probe.cluster_silence(cluster.url):
            return
        yield namespace_id


def _due(ids: list[str]) -> list[str]:
    """Return the ids with an old snapshot; those without one first, then by age."""
    watched, now = ephemeral.watched(), timezone.now()
    rows = LastLook.objects.filter(namespace_id__in=ids).order_by("taken_at")
    found = {
        key: (now - taken_at).total_seconds() if ok else math.inf
        for key, ok, taken_at in rows.values_list("namespace_id", "ok", "taken_at")
    }
    old = [
        key
        for key, age_s in found.items()
        if age_s > (_WATCHED_S if key in watched else _SLOW_S)
    ]
    return [key for key in ids if key not in found] + old


def _sample_namespace(namespace: Namespace) -> bool:
    """Send the one request allowed in 5 s; return whether Qdrant answered it."""
    if not probe.claim(namespace.namespace_id):
        return False
    before = snapshots.stored(namespace.namespace_id)
    if before is not None and before.ok and before.age_s < _RECENT_S:
        vectors = before.live.vectors if before.live is not None else ()
        for kind in (
            "builds",
            "shards",
            *(f"{snapshots.VECTOR_COUNT_PREFIX}{v}" for v in vectors),
        ):
            if before.fact_age_s(kind) > _every_s(kind, before):
                return _ask_extra(namespace, kind, before)
    found = probe.probe_collection(
        namespace, timeout_s=settings.NSADMIN_SAMPLE_TIMEOUT_S
    )
    if namespace.clone_status != "cloning":
        drift_scan.scan_namespace(namespace, found)
    return found.ok


def _every_s(kind: str, before: Snapshot) -> float:
    """Return the interval of a fact; progress is asked often while Qdrant optimizes."""
    is_busy = before.live is not None and before.live.status in ("yellow", "grey")
    return probe.PROBE_INTERVAL_S if kind == "builds" and is_busy else _SLOW_S


def _ask_extra(namespace: Namespace, kind: str, before: Snapshot) -> bool:
    if kind.startswith(snapshots.VECTOR_COUNT_PREFIX):
        points = before.live.points if before.live is not None else 0
        return vector_coverage.ask_counts(
            namespace, kind.removeprefix(snapshots.VECTOR_COUNT_PREFIX), points
        )
    ask = telemetry.optimizations if kind == "builds" else telemetry.shards
    try:
        cluster = cluster_of(namespace)
        with probe.track_reachability(cluster):
            found = ask(
                cluster,
                namespace.collection,
                timeout_s=settings.NSADMIN_SAMPLE_TIMEOUT_S,
            )
    except NsadminError:
        return False
    snapshots.record(namespace.namespace_id, **{kind: asdict(found) if found else None})
    return True


def _ask_resources(namespace: Namespace, ids: list[str]) -> None:
    """Ask the cluster of the namespace, with the namespace's key."""
    try:
        cluster_probe.ask_resources(cluster_of(namespace), ids)
    except NsadminError:
        return
