"""Samples watched collections every 5 s, and of the others those that are due.

A cluster is probed first, by one cheap call. If it does not answer, this is one row,
and none of its collections is asked. How often the others are due, and what spares
them a request of their own, is in `sampling`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health.sampling import cluster_probe, looking, order, promise, silence
from nsadmin.health.sampling.cluster_probe import Probe
from nsadmin.health.sampling.looking import LOOP, Turn
from nsadmin.jobs import items
from nsadmin.namespaces.models import ClusterReading, MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import history, probe, readings
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.qdrant.cluster import Cluster

__all__ = ["LOOP", "PROBING", "Sampled", "sample"]

# The name of the loop over probes in the rows of failing items.
PROBING: Final = "probe"
_PROBED_MS = 4000
_TRIMMED_MS = 1_800_000
# A turn on a cluster ends after this long: watched namespaces are due again soon.
_TURN_S = 4.0
# A rate is measured by at least so many looks; how much a turn moves it.
_MEASURED_BY = 50
_NEW_SHARE = 0.3
# The silent ones of the run are counted up to here, so that a turn stays cheap.
_MOST_SILENT: Final = 1000


@dataclass(frozen=True, slots=True)
class Sampled:
    """The numbers of collections that answered now, that failed to answer last (1,000
    at most), and of namespaces and clusters at which the sampling itself failed.

    Those that failed to answer are of all clusters; a run on a dedicated one counts
    none.
    """

    answered: int
    silent: int
    failed: int = 0


def sample(
    share: ClusterShare = EVERY, known: Mapping[Cluster, Members] | None = None
) -> Sampled:
    """Renew what is due of this share, for a few seconds at most on each cluster.

    `known` are the clusters with their namespaces, if the caller has read them already.
    """
    if known is None:
        known = cluster_probe.known(share.url or "")
    if not share.url:
        cluster_probe.forget_others(known)
        cluster_probe.note_spellings(known)
    mine = [cluster for cluster in known if share.covers_cluster(cluster)]
    claimed = [
        cluster
        for cluster in mine
        if redis.claim(f"probe:{cluster.url}", milliseconds=_PROBED_MS)
    ]
    done = items.Tally()

    def sample_cluster(found: Probe) -> None:
        turn = _sample_cluster(found, known[found.cluster])
        done.done += turn.answered
        done.failed += turn.failed

    clusters = items.each(
        LOOP,
        cluster_probe.probe(claimed),
        sample_cluster,
        key=lambda found: found.cluster.url,
        kind="cluster",
    )
    if redis.claim("trim", milliseconds=_TRIMMED_MS):
        history.trim()
    silent = 0 if share.url else _silent()
    return Sampled(done.done, silent, done.failed + clusters.failed)


def _silent() -> int:
    """Count the namespaces whose last request got no answer, up to a limit."""
    silent = MirroredNamespace.objects.filter(
        health="unknown", health_since__isnull=False
    )
    living = silent.filter(deleted_at=None, deletion_task_id="")
    return living.order_by()[:_MOST_SILENT].count()


def _sample_cluster(found: Probe, members: Members) -> Turn:
    """Store the probe of a cluster, and look at what is due there if it answered."""
    began, until = time.monotonic(), time.monotonic() + _TURN_S
    row = cluster_probe.store(found, members)
    reading = readings.reading_of(found.cluster.url)
    odd, turn = _note_odd_answer(found), Turn()
    if found.silence:
        since = row.unknown_since
        silence.begin(reading, members, found.silence, since=since, until=until)
    elif reading.silent_since is None or silence.end(reading, members, until=until):
        turn = _look(found.cluster, members, reading, until)
    turn.failed += odd
    _end_turn(reading, members, turn, row.namespaces, time.monotonic() - began)
    return turn


def _look(
    cluster: Cluster, members: Members, reading: ClusterReading, until: float
) -> Turn:
    is_counted = promise.is_counted(reading)
    turn = looking.look(cluster, members, until=until, is_counted=is_counted)
    if turn.last is not None and not probe.cluster_silence(cluster.url):
        _ask_resources(turn.last, members)
    return turn


def _end_turn(
    reading: ClusterReading,
    members: Members,
    turn: Turn,
    namespaces: int,
    took_s: float,
) -> None:
    """Note the turn in the row of the cluster, with what is promised from now on."""
    now = timezone.now()
    if turn.asked >= _MEASURED_BY and turn.took_s:
        rate = turn.asked / turn.took_s
        before = reading.looks_per_s or rate
        reading.looks_per_s = before + _NEW_SHARE * (rate - before)
    reading.due_since = order.due_since(members)
    reading.turn_ms = took_s * 1000
    readings.save(
        reading,
        turn_at=now,
        turn_ms=reading.turn_ms,
        looked=turn.answered,
        looks_per_s=reading.looks_per_s,
        due_since=reading.due_since,
        promised_s=promise.promised_s(
            reading, namespaces, now, is_outage=turn.is_broken
        ),
    )
    is_held = promise.oldest_s(reading, now) <= reading.promised_s
    if reading.silent_since is None and is_held:
        history.record_cluster(reading.url, now, is_silent=False)


def _note_odd_answer(found: Probe) -> int:
    """Record an unexpected error of a probe at its cluster; return 1 for one."""

    def judge(found: Probe) -> None:
        if found.failure is not None:
            raise found.failure

    key = attrgetter("cluster.url")
    return items.each(PROBING, [found], judge, key=key, kind="cluster").failed


def _ask_resources(namespace: Namespace, members: Members) -> None:
    """Ask the cluster of the namespace, with the namespace's key."""
    try:
        cluster_probe.ask_resources(cluster_of(namespace), members)
    except NsadminError:
        return
