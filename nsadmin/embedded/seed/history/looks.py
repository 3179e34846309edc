"""The last hours of the timelines: what the sampler would have seen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zlib import crc32

from nsadmin.embedded.seed.catalogue import NAMESPACES
from nsadmin.namespaces.models import LastLook, LookSlot
from nsadmin.namespaces.read import history

# Slots newer than this may come from the sampler that just started.
_STARTED = timedelta(minutes=15)
_USUAL_MS = 3.0


def write_looks(now: datetime) -> int:
    """Write the hours before the demo was first looked at; return the number of slots.

    A namespace that has older slots, from an earlier run of the demo, gets none.
    """
    ids = [spec.namespace_id for spec in NAMESPACES]
    older = LookSlot.objects.filter(namespace_id__in=ids, at__lt=now - _STARTED)
    known = set(older.values_list("namespace_id", flat=True))
    fresh = LastLook.objects.filter(namespace_id__in=set(ids) - known, ok=True)
    looks = [past for look in fresh for past in _before(look, now)]
    history.record_many(looks)
    return len(looks)


def _before(look: LastLook, now: datetime) -> Iterator[LastLook]:
    """Yield looks of the past hours with the points that there are now."""
    last = history.slot_of(now)
    for number in range(1, history.RETENTION // history.SLOT):
        at = last - number * history.SLOT
        yield LastLook(
            namespace_id=look.namespace_id,
            taken_at=at,
            ok=True,
            live=look.live,
            response_ms=_response_ms(look, at),
        )


def _response_ms(look: LastLook, at: datetime) -> float:
    """Return a time about as long as that of the last look; the same at every run."""
    share = crc32(f"{look.namespace_id} {at:%H:%M}".encode()) % 100 / 100
    return round((look.response_ms or _USUAL_MS) * (0.7 + 0.5 * share**3), 1)
