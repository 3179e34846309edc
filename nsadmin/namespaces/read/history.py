"""The last hours of a collection, in slots of five minutes; what is older goes."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from nsadmin.namespaces.models import LastLook, LookSlot
from nsadmin.namespaces.read.status import status_of

SLOT = timedelta(minutes=5)
KEPT = timedelta(hours=6)
# From best to worst; a slot keeps the worst that was seen in it.
STATUSES = ("ready", "waiting", "optimising", "error", "unknown")


def slot_of(at: datetime) -> datetime:
    """Return the beginning of the slot that a time belongs to."""
    return at - timedelta(
        minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond
    )


def word(look: LastLook) -> str:
    """Return what a look says in one word of STATUSES; silence is unknown."""
    color = (look.live or {}).get("status")
    return status_of(color, ok=look.ok, exists=look.exists)


def record(look: LastLook) -> None:
    """Let the slot of this look know of it; nothing is written that changes nothing."""
    key: dict[str, Any] = {
        "namespace_id": look.namespace_id,
        "at": slot_of(look.taken_at),
    }
    before = LookSlot.objects.filter(**key).first()
    status = word(look)
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
    """Let the slots of a whole silent cluster know, each written once."""
    slot = slot_of(at)
    here = LookSlot.objects.filter(at=slot, status="unknown")
    noted = set(here.values_list("namespace_id", flat=True))
    LookSlot.objects.bulk_create(
        [
            LookSlot(namespace_id=key, at=slot, status="unknown")
            for key in namespace_ids
            if key not in noted
        ],
        update_conflicts=True,
        unique_fields=["namespace_id", "at"],
        update_fields=["status"],
        batch_size=500,
    )


def slots(namespace_id: str) -> list[LookSlot]:
    """Return the slots of the last hours, oldest first."""
    since = slot_of(timezone.now()) - KEPT
    rows = LookSlot.objects.filter(namespace_id=namespace_id, at__gt=since)
    return list(rows.order_by("at"))


def trim() -> int:
    """Drop what is older than is kept; return how many slots that were."""
    dropped, _ = LookSlot.objects.filter(at__lt=timezone.now() - KEPT - SLOT).delete()
    return dropped
