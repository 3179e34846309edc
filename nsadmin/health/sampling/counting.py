"""The counts of all collections of a cluster in one answer, compared with the rows.

What the counts confirm is not asked by itself: nothing is written for it but the time,
in one row. What they contradict is brought forward for a look of its own: points that
changed, a collection that optimizes, one that is missing.
"""

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.health.models import ClusterLook
from nsadmin.health.sampling import cluster_probe, promise
from nsadmin.jobs import items
from nsadmin.jobs.slices import slices
from nsadmin.namespaces.models import ClusterReading, MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import probe, readings
from nsadmin.namespaces.read.look_writes import AGAIN_AFTER
from nsadmin.namespaces.schema import document
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import metrics
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.qdrant.metrics import Counts

# The name of the loop in the rows of failing items.
LOOP: Final = "count"
_BATCH: Final = 500
# Rows that are brought forward at once: each has its own values, in several indexes.
_BROUGHT: Final = 100
# The time of one run for writing rows; the next run goes on.
_WRITES_S: Final = 20
_MARGIN_S: Final = 30
# Documents that are tried in search of a key of their cluster.
_MOST_KEYS: Final = 50
_COLUMNS = (
    *("pk", "collection", "document_count", "counted"),
    *("health", "changed_at", "looked_at"),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """The numbers of clusters that told their counts, and of collections that changed.

    `silent` counts clusters that did not tell them, `failed` those at which the
    counting itself failed.
    """

    counted: int = 0
    changed: int = 0
    silent: int = 0
    failed: int = 0


def count(share: ClusterShare = EVERY) -> Counted:
    """Ask each cluster of this share that is due for its counts, and compare them."""
    done = Counted()
    known = cluster_probe.known(share.url or "")
    mine = [cluster for cluster in known if share.covers_cluster(cluster)]

    def count_one(cluster: Cluster) -> None:
        nonlocal done
        found = _count_cluster(cluster, known[cluster])
        if found is not None:
            done = replace(
                done,
                counted=done.counted + (found >= 0),
                silent=done.silent + (found < 0),
                changed=done.changed + max(found, 0),
            )

    tally = items.each(LOOP, mine, count_one, key=lambda c: c.url, kind="cluster")
    return replace(done, failed=tally.failed)


def due_urls(urls: list[str]) -> list[str]:
    """Return those of these clusters whose counts are due, in one query."""
    found, now = readings.of_clusters(urls), timezone.now()
    return [
        url for url in urls if _is_due(found.get(url) or ClusterReading(url=url), now)
    ]


def _is_due(reading: ClusterReading, now: datetime) -> bool:
    if reading.silent_since is not None:
        return False
    if reading.tried_at is None:
        return True
    # What was scheduled a little early is due.
    every_s = promise.count_every_s(reading) - 1
    return (now - reading.tried_at).total_seconds() >= every_s


def _count_cluster(cluster: Cluster, members: Members) -> int | None:
    """Return how many collections changed; -1 if they are not told, None if not due."""
    reading = readings.reading_of(cluster.url)
    began = timezone.now()
    if not _is_due(reading, began):
        return None
    longest_ms = int((settings.NSADMIN_QDRANT_METRICS_S + _MARGIN_S) * 1000)
    if not redis.claim(f"count:{cluster.url}", milliseconds=longest_ms):
        return None
    try:
        return _ask_and_compare(cluster, members, reading, began)
    finally:
        redis.release(f"count:{cluster.url}")


def _ask_and_compare(
    cluster: Cluster, members: Members, reading: ClusterReading, began: datetime
) -> int:
    readings.save(reading, tried_at=began)
    asked = time.perf_counter()
    try:
        counts = _told(cluster, members)
    except NsadminError as failure:
        if metrics.is_refused(failure):
            _look_at_each(reading, members, _refusal(failure))
        elif _is_own(failure) and promise.is_count_old(reading, began):
            reason = f"Its counts are too old: {failure.message}"
            _look_at_each(reading, members, reason)
        return -1
    if counts.memory is not None:
        ClusterLook.objects.filter(url=cluster.url).update(memory_bytes=counts.memory)
    if reason := _untold(counts):
        _look_at_each(reading, members, reason)
        return -1
    changed = _bring_forward(members, counts, reading.counted_at, began)
    readings.save(
        reading,
        counted_at=began,
        count_ms=(time.perf_counter() - asked) * 1000,
        count_bytes=counts.size,
        collections=len(counts.points),
        uncounted="",
    )
    return changed


def _told(cluster: Cluster, members: Members) -> Counts:
    """Return the counts; raise Unavailable if they are not told now."""
    with_key = _with_key(cluster, members)
    with probe.track_reachability(with_key):
        return metrics.counts(
            with_key,
            timeout_s=settings.NSADMIN_QDRANT_METRICS_S,
            most_bytes=promise.limit_bytes(),
        )


def _with_key(cluster: Cluster, members: Members) -> Cluster:
    """Return the cluster with the key of one of its namespaces, of some dozens.

    Raises Unavailable if none of these keys can be used.
    """
    if cluster.is_shared:
        return cluster
    keys = members.rows().order_by("pk").values_list("pk", flat=True)
    for raw in store.get_many(list(keys[:_MOST_KEYS])):
        with suppress(NsadminError):
            if (found := cluster_of(document.read(raw))) == cluster:
                return found
    raise Unavailable(
        "No stored key of its namespaces can be used.", details={"store": "qdrant"}
    )


def _is_own(failure: NsadminError) -> bool:
    """Tell whether a failure is the cluster's, and not that of a store of all."""
    return failure.details.get("store") == "qdrant"


def _refusal(failure: NsadminError) -> str:
    status = failure.details.get("status")
    if status in (401, 403):
        return f"Its key may not read /metrics (HTTP {status})."
    return f"It has no /metrics (HTTP {status})." if status else failure.message


def _untold(counts: Counts) -> str:
    """Return why the counts confirm nothing; empty if they do."""
    if counts.nodes is not None and counts.nodes > 1:
        return f"It has {counts.nodes:,} nodes, and each counts only its own points."
    if counts.dead_replicas:
        return "Some replicas are not active, and it does not report which."
    if counts.collections is None or counts.collections > len(counts.points):
        return "It does not count the points of each collection."
    return ""


def _look_at_each(reading: ClusterReading, members: Members, reason: str) -> None:
    """Say why counts stand for nothing here, and make every namespace due by itself."""
    readings.save(reading, uncounted=reason[:200])
    now, until = timezone.now(), time.monotonic() + _WRITES_S
    latest = now + AGAIN_AFTER
    late = members.rows().filter(next_look_at__gt=latest).values_list("pk", flat=True)
    while time.monotonic() < until:
        keys = list(late[:_BATCH])
        if not keys:
            return
        at = now + AGAIN_AFTER * random.random()  # noqa: S311 - spreads load
        MirroredNamespace.objects.filter(pk__in=keys).update(next_look_at=at)


def _bring_forward(
    members: Members, counts: Counts, confirmed_at: datetime | None, at: datetime
) -> int:
    """Make due what the counts contradict; return the number of collections.

    A server's count may differ from its own count for a single collection. So a
    difference counts once: until the counts change again. `confirmed_at` is the time
    of the counts before. What is said of a collection is as old as they are, so it is
    due since that was to be renewed.
    """
    rows = list(_contradicted(members, counts))
    for row in rows:
        known = [at for at in (row.looked_at, confirmed_at) if at is not None]
        row.changed_at = max(known, default=at)
        row.next_look_at = min(at, row.changed_at + AGAIN_AFTER)
    for batch in slices(rows, size=_BROUGHT):
        MirroredNamespace.objects.bulk_update(
            batch, ["counted", "changed_at", "next_look_at"]
        )
    return len(rows)


def _contradicted(members: Members, counts: Counts) -> Iterator[MirroredNamespace]:
    """Yield a row, with its new count, for each collection that is not as it was."""
    columns = members.rows().order_by().values_list(*_COLUMNS)
    found = columns.iterator(chunk_size=5000)
    for key, name, shown, last, health, changed_at, looked_at in found:
        points = counts.points.get(name)
        if health == "unknown" or changed_at is not None:
            continue  # a look of its own is due as it is
        if points is None:
            is_news = health != "error"
        elif readings.is_missing(health, shown):
            is_news = True  # also with as many points as it had before
        else:
            is_same = points in (shown, last)
            is_news = not is_same or (health == "ready" and name in counts.optimizing)
        if is_news:
            yield MirroredNamespace(pk=key, counted=points, looked_at=looked_at)
