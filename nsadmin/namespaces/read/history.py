"""The last six hours of a collection, in slots of five minutes."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from nsadmin.namespaces.mirror.mirror import status_of
from nsadmin.namespaces.models import LastLook, LookSlot

SLOT = timedelta(minutes=5)
RETENTION = timedelta(hours=6)
# From best to worst; a slot keeps the worst status of its snapshots.
STATUSES = ("ready", "waiting", "optimising", "error", "unknown")


def slot_of(at: datetime) -> datetime:
    """Return the start time of the slot that contains a time."""
    return at - timedelta(
        minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond
    )


def record(look: LastLook) -> None:
    """Merge a snapshot into its slot; an unchanged slot is not written."""
    key: dict[str, Any] = {
        "namespace_id": look.namespace_id,
        "at": slot_of(look.taken_at),
    }
    before = LookSlot.objects.filter(**key).first()
    status = status_of(look)
    points = (look.live or {}).get("points") if look.ok else None
    slowest = look.response_ms
    if before is not None:
        status = max(before.status, status, key=STATUSES.index)
        points = before.points if points is None else points
        slowest = max(filter(None, (before.response_ms, slowest)), default=None)
    after = {"status": status, "points": points, "response_ms": slowest}
    if before is None or any(getattr(before, k) != v for k, v in after.items()):
        LookSlot.objects.update_or_create(**key, defaults=after)


def record_silence(namespace_ids: Collection[str], at: datetime) -> None:
    """Mark the current slot of these namespaces as unknown, each written once."""
    slot = slot_of(at)
    unknown = LookSlot.objects.filter(at=slot, status="unknown")
    marked = set(unknown.values_list("namespace_id", flat=True))
    LookSlot.objects.bulk_create(
        [
            LookSlot(namespace_id=key, at=slot, status="unknown")
            for key in namespace_ids
            if key not in marked
        ],
        update_conflicts=True,
        unique_fields=["namespace_id", "at"],
        update_fields=["status"],
        batch_size=500,
    )


def slots(namespace_id: str) -> list[LookSlot]:
    """Return the slots of the last six hours, oldest first."""
    since = slot_of(timezone.now()) - RETENTION
    rows = LookSlot.objects.filter(namespace_id=namespace_id, at__gt=since)
    return list(rows.order_by("at"))


def trim() -> int:
    """Delete slots that are older than RETENTION; return their number."""
    dropped, _ = LookSlot.objects.filter(
        at__lt=timezone.now() - RETENTION - SLOT
    ).delete()
    return dropped
