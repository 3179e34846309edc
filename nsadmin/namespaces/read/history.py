"""The last six hours of a collection, in slots of five minutes.

A slot is stored where a collection changed, and while it is watched. In between its
cluster has slots, in which it was asked about all its collections at once: there the
last known state of a collection goes on.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from nsadmin.jobs import trimming
from nsadmin.namespaces.mirror.mirror import status_of
from nsadmin.namespaces.models import (
    ClusterSlot,
    LastLook,
    LookSlot,
    MirroredNamespace,
)
from nsadmin.namespaces.placement.members import cluster_url

SLOT = timedelta(minutes=5)
RETENTION = timedelta(hours=6)
# From best to worst; a slot keeps the worst status of its snapshots.
STATUSES = ("ready", "waiting", "optimising", "error", "unknown")
_BATCH = 500
_TRIM_S = 20.0
_VALUES = ("status", "points", "response_ms")


def slot_of(at: datetime) -> datetime:
    """Return the start time of the slot that contains a time."""
    return at - timedelta(
        minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond
    )


def record(look: LastLook) -> None:
    """Merge a snapshot into its slot; an unchanged slot is not written."""
    record_many([look])


def record_many(looks: Collection[LastLook]) -> None:
    """Merge snapshots of about the same time into their slots, in few statements."""
    keys = [look.namespace_id for look in looks]
    times = {slot_of(look.taken_at) for look in looks}
    stored = LookSlot.objects.filter(namespace_id__in=keys, at__in=times)
    before = {(slot.namespace_id, slot.at): slot for slot in stored}
    merged = (
        _merged(look, before.get((look.namespace_id, slot_of(look.taken_at))))
        for look in looks
    )
    LookSlot.objects.bulk_create(
        [slot for slot in merged if slot is not None],
        update_conflicts=True,
        unique_fields=["namespace_id", "at"],
        update_fields=list(_VALUES),
        batch_size=_BATCH,
    )


def _merged(look: LastLook, before: LookSlot | None) -> LookSlot | None:
    """Return the slot with the snapshot in it; None if that changes nothing."""
    status = status_of(look)
    points = (look.live or {}).get("points") if look.ok else None
    slowest = look.response_ms
    if before is not None:
        status = max(before.status, status, key=STATUSES.index)
        points = before.points if points is None else points
        slowest = max(filter(None, (before.response_ms, slowest)), default=None)
        if (before.status, before.points, before.response_ms) == (
            *(status, points, slowest),
        ):
            return None
    return LookSlot(
        namespace_id=look.namespace_id,
        at=slot_of(look.taken_at),
        status=status,
        points=points,
        response_ms=slowest,
    )


def record_silence(namespace_ids: Collection[str], at: datetime) -> None:
    """Mark the current slot of these namespaces as unknown, each written once."""
    slot = slot_of(at)
    unknown = LookSlot.objects.filter(at=slot, status="unknown")
    marked = set(
        unknown.filter(namespace_id__in=list(namespace_ids)).values_list(
            "namespace_id", flat=True
        )
    )
    LookSlot.objects.bulk_create(
        [
            LookSlot(namespace_id=key, at=slot, status="unknown")
            for key in namespace_ids
            if key not in marked
        ],
        update_conflicts=True,
        unique_fields=["namespace_id", "at"],
        update_fields=["status"],
        batch_size=_BATCH,
    )


def record_cluster(url: str, at: datetime, *, is_silent: bool) -> None:
    """Note that a cluster told about all its collections now, or that it was silent.

    Silence at any time of a slot counts for all of it.
    """
    slot = slot_of(at)
    found = ClusterSlot.objects.filter(url=url, at=slot).first()
    if found is None:
        ClusterSlot.objects.get_or_create(
            url=url, at=slot, defaults={"is_silent": is_silent}
        )
    elif is_silent and not found.is_silent:
        ClusterSlot.objects.filter(pk=found.pk).update(is_silent=True)


def slots(namespace_id: str) -> list[LookSlot]:
    """Return the slots of the last six hours, oldest first.

    Those without a row of their own, in which the cluster was asked, are made here.
    """
    since = slot_of(timezone.now()) - RETENTION
    of_it = LookSlot.objects.filter(namespace_id=namespace_id)
    stored = {slot.at: slot for slot in of_it.filter(at__gt=since)}
    row = MirroredNamespace.objects.filter(namespace_id=namespace_id).first()
    if row is None:
        return [stored[at] for at in sorted(stored)]
    of_cluster = ClusterSlot.objects.filter(url=cluster_url(row), at__gt=since)
    silent_at = dict(of_cluster.values_list("at", "is_silent"))
    last = of_it.filter(at__lte=since).order_by("-at").first()
    return list(_filled(row, last, stored, silent_at))


def _filled(
    row: MirroredNamespace,
    last: LookSlot | None,
    stored: dict[datetime, LookSlot],
    silent_at: dict[datetime, bool],
) -> Iterator[LookSlot]:
    """Yield the slots; a known state goes on while the cluster told of no change."""
    for at in _times(stored, silent_at):
        own = stored.get(at)
        if own is not None:
            last = own
            yield own
        elif silent_at[at]:
            yield LookSlot(namespace_id=row.namespace_id, at=at, status="unknown")
        elif last is not None and last.status != "unknown" and _holds(row, at):
            yield LookSlot(
                namespace_id=row.namespace_id,
                at=at,
                status=last.status,
                points=last.points,
            )


def _times(*found: Iterable[datetime]) -> list[datetime]:
    return sorted({at for times in found for at in times})


def _holds(row: MirroredNamespace, at: datetime) -> bool:
    """Tell whether no change was noted up to a slot that no look has explained."""
    return row.changed_at is None or at < slot_of(row.changed_at)


def trim() -> int:
    """Delete slots that are older than RETENTION; return their number.

    The last old slot of a collection is kept: its state goes on until the next one.
    After some seconds the others are left to the next call.
    """
    before, until = timezone.now() - RETENTION - SLOT, time.monotonic() + _TRIM_S
    trimming.delete_in_slices(ClusterSlot.objects.filter(at__lt=before), until=until)
    newer = LookSlot.objects.filter(
        namespace_id=OuterRef("namespace_id"), at__gt=OuterRef("at"), at__lt=before
    )
    old = LookSlot.objects.filter(Exists(newer), at__lt=before)
    return trimming.delete_in_slices(old, until=until)
