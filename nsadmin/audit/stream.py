"""The audit of an organization as a stream: what was written after a place.

The places are the numbers of the chain. They are given under a lock, one after the
other, so a reader that goes on behind the last number misses nothing, also while others
write.
"""

from dataclasses import dataclass

from nsadmin.audit.models import AuditEvent, ChainEntry


@dataclass(frozen=True, slots=True)
class Written:
    """A place of the chain with its hash, and its event as it is now.

    `event` is None if its row was removed behind the back of the program.
    """

    number: int
    hash: str
    op_id: str
    event: AuditEvent | None


def read(organization_id: str, *, after: int, limit: int) -> list[Written]:
    """Return what follows a place, oldest first, from at most `limit` places.

    An operation that was written several times within them is returned once, at its
    last place.
    """
    rows = ChainEntry.objects.filter(organization_id=organization_id, number__gt=after)
    entries = list(rows.order_by("number")[:limit])
    last = {entry.op_id: entry for entry in entries}
    found = AuditEvent.objects.filter(
        organization_id=organization_id, op_id__in=list(last)
    )
    events = {event.op_id: event for event in found}
    return [
        Written(entry.number, entry.hash, entry.op_id, events.get(entry.op_id))
        for entry in sorted(last.values(), key=lambda entry: entry.number)
    ]
