"""The silence of a whole cluster: one row says it, and lists show it from there.

The rows of its namespaces follow in small transactions, for filters and counts, as far
as the time of a turn allows; so do they when it answers again.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from nsadmin.namespaces.mirror.status import status_for
from nsadmin.namespaces.models import ClusterReading, LastLook, MirroredNamespace
from nsadmin.namespaces.placement.members import Members
from nsadmin.namespaces.read import history, readings, snapshots
from nsadmin.stores import ephemeral, redis

_BATCH: Final = 500
# All rows were marked: rows that were written since are marked after this long.
_MARKED_MS: Final = 60_000


def begin(
    reading: ClusterReading,
    members: Members,
    message: str,
    *,
    since: datetime | None,
    until: float,
) -> None:
    """Record that a cluster is silent; mark its rows until the monotonic time.

    `since` is when its first probe failed, which every page then states.
    """
    now = timezone.now()
    since = reading.silent_since or since or now
    if reading.silent_since is None or reading.silence != message:
        readings.save(reading, silent_since=since, silence=message)
    history.record_cluster(reading.url, now, is_silent=True)
    watched = members.rows().filter(pk__in=list(ephemeral.watched()))
    snapshots.record_silence(list(watched.values_list("pk", flat=True)), message, since)
    claim = f"silent_rows:{reading.url}"
    if redis.claim(claim, milliseconds=_MARKED_MS) and not _mark(members, since, until):
        redis.release(claim)


def _mark(members: Members, since: datetime, until: float) -> bool:
    """Let the rows be unknown; return whether the time was enough for all."""
    told = members.rows().exclude(health="unknown", health_since__isnull=False)
    for keys in _batches(told):
        if time.monotonic() > until:
            return False
        MirroredNamespace.objects.filter(pk__in=keys).update(
            health="unknown", health_since=since, next_look_at=since
        )
    return True


def end(reading: ClusterReading, members: Members, *, until: float) -> bool:
    """Return the rows of a cluster to what was last known; False if time ran out.

    Each is due for a look of its own: a server that was restarted has other states.
    """
    redis.release(f"silent_rows:{reading.url}")
    silent = members.rows().filter(health="unknown", health_since__isnull=False)
    for keys in _batches(silent):
        if time.monotonic() > until:
            return False
        _return(keys)
    readings.save(reading, silent_since=None, silence="")
    return True


def _return(keys: list[str]) -> None:
    now = timezone.now()
    columns = ("pk", "ok", "exists", "live__status", "unknown_since")
    looks = LastLook.objects.filter(pk__in=keys).values_list(*columns)
    last: dict[tuple[str, datetime | None], list[str]] = {}
    for key, ok, exists, color, since in looks:
        status = status_for(color, ok=ok, exists=exists)
        last.setdefault((status, None if ok else since), []).append(key)
    never = set(keys).difference(*last.values()) if last else set(keys)
    last.setdefault(("unknown", None), []).extend(never)
    for (status, since), found in last.items():
        MirroredNamespace.objects.filter(pk__in=found).update(
            health=status, health_since=since, next_look_at=now
        )


def _batches(rows: QuerySet[MirroredNamespace]) -> Iterator[list[str]]:
    """Yield the ids of rows by their order, each batch read when it is asked for."""
    last = ""
    while True:
        after = rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        keys = list(after[:_BATCH])
        if keys:
            yield keys
        if len(keys) < _BATCH:
            return
        last = keys[-1]
