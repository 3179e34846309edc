"""Verify the chain: find rows that were changed, removed, inserted or reordered."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from nsadmin.audit import chain
from nsadmin.audit.models import (
    AuditEvent,
    ChainCheck,
    ChainEntry,
    ChainHead,
    Outcome,
)

# The columns that the release before does not have.
_NEW_COLUMNS: Final = ("client_address",)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that differs from what was written; `number` is its place in the chain."""

    number: int
    op_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one organization: length, last hash, and faults by number."""

    organization_id: str
    count: int
    head: str
    faults: tuple[Fault, ...]


def organizations() -> list[str]:
    """Return every organization that has events or a chain."""
    tables = (AuditEvent.objects, ChainEntry.objects, ChainHead.objects)
    ids = [rows.order_by().values_list("organization_id", flat=True) for rows in tables]
    return sorted(set(ids[0].union(*ids[1:])))


def length(organization_id: str) -> int:
    """Return the number of the last entry of an organization's chain."""
    head = ChainHead.objects.filter(organization_id=organization_id).first()
    return head.number if head is not None else 0


def verify(organization_id: str, noted: Mapping[int, str] | None = None) -> Verdict:
    """Check every event and entry of an organization against its chain.

    `noted` is {number: hash} from the output of earlier verifications; it reveals
    whether the last entries were removed since.
    """
    faults, latest, count, last = _entries(organization_id, noted or {})
    faults += _events(organization_id, latest, count)
    head = ChainHead.objects.filter(organization_id=organization_id).first()
    # A log without any event and entry has no end yet.
    is_unused = head is None and not count and not faults
    if not is_unused and (head is None or (head.number, head.hash) != (count, last)):
        sentence = "The chain does not end where it was left: entries are missing."
        faults.append(Fault(count + 1, "", sentence))
    faults += [
        Fault(number, "", "An entry that was noted earlier is missing.")
        for number in (noted or {})
        if number > count
    ]
    ordered = sorted(faults, key=lambda fault: fault.number)
    return Verdict(organization_id, count, last, tuple(ordered))


def record_check(verdicts: Sequence[Verdict]) -> None:
    """Record that every chain was verified now, for the metrics."""
    broken = sum(1 for verdict in verdicts if verdict.faults)
    values = {"at": timezone.now(), "chains": len(verdicts), "broken": broken}
    ChainCheck.objects.update_or_create(pk=1, defaults=values)


def _entries(
    organization_id: str, noted: Mapping[int, str]
) -> tuple[list[Fault], dict[str, tuple[int, str]], int, str]:
    """Walk the entries; return faults, {op_id: last number, content}, length, hash."""
    faults: list[Fault] = []
    latest: dict[str, tuple[int, str]] = {}
    number, last = 0, chain.FIRST_PREVIOUS_HASH
    rows = ChainEntry.objects.filter(organization_id=organization_id)
    for entry in rows.order_by("number").iterator():
        number += 1
        place = (organization_id, number, entry.op_id, entry.content, last)
        if entry.number != number:
            sentence = f"Entry {number} is missing before it."
            faults.append(Fault(number, entry.op_id, sentence))
            number = entry.number
        elif not chain.is_hash_of(chain.place_of(*place), entry.hash):
            sentence = "It does not follow from the entry before: changed or reordered."
            if number == 1:
                sentence += " Or NSADMIN_KEY_PEPPER lacks the one it was written with."
            faults.append(Fault(number, entry.op_id, sentence))
        if noted.get(number, entry.hash) != entry.hash:
            sentence = "Its hash is not the one that was noted earlier."
            faults.append(Fault(number, entry.op_id, sentence))
        latest[entry.op_id] = (number, entry.content)
        last = entry.hash
    return faults, latest, number, last


def _events(
    organization_id: str, latest: dict[str, tuple[int, str]], count: int
) -> list[Fault]:
    """Compare every event with its last entry; removes the events from `latest`."""
    faults: list[Fault] = []
    rows = AuditEvent.objects.filter(organization_id=organization_id)
    for event in rows.order_by("pk").iterator():
        number, content = latest.pop(event.op_id, (count + 1, ""))
        if not content:
            sentence = f"Row {event.pk} was inserted past the chain."
            faults.append(Fault(number, event.op_id, sentence))
        elif not _is_as_written(event, content):
            sentence = f"Row {event.pk} was changed after it was written."
            faults.append(Fault(number, event.op_id, sentence))
    faults += [
        Fault(number, op_id, "Its row was removed.")
        for op_id, (number, _) in latest.items()
    ]
    return faults


def _is_as_written(event: AuditEvent, content: str) -> bool:
    """Tell whether the event is what its last entry holds.

    A process of the release before may close an event of this one, and its digest lacks
    the new columns. Their values are then held by the entry of the attempt, from which
    closing differs in three columns. That such a value was emptied is not noticed.
    """
    if chain.is_hash_of(chain.content_of(event), content):
        return True
    if not chain.is_hash_of(chain.content_of(event, without=_NEW_COLUMNS), content):
        return False
    attempt = copy(event)
    attempt.outcome, attempt.closed_at, attempt.error = Outcome.ATTEMPTED, None, ""
    attempted = chain.content_of(attempt)
    entries = ChainEntry.objects.filter(
        organization_id=event.organization_id, op_id=event.op_id
    )
    contents = entries.values_list("content", flat=True)
    return any(chain.is_hash_of(attempted, written) for written in contents)
