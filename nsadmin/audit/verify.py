"""Verify the chain: find rows that were changed, removed, inserted or reordered."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
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
    whether the last entries were removed since. Events may be written meanwhile: what
    they appended is checked at the end, while further writers wait for that moment.
    """
    walk = _Walk(organization_id, noted or {})
    events = AuditEvent.objects.filter(organization_id=organization_id).order_by("pk")
    differing = _differing(events, walk.go_on(), walk.count)
    with transaction.atomic():
        heads = ChainHead.objects.select_for_update()
        head = heads.filter(organization_id=organization_id).first()
        since = walk.go_on()
        differing = [fault for fault in differing if fault.op_id not in since]
        again = events.filter(op_id__in=list(since))
        differing += _differing(again, since, walk.count) if since else []
    faults = walk.faults + differing + _at_the_end(walk, head, is_empty=not differing)
    ordered = sorted(faults, key=lambda fault: fault.number)
    return Verdict(organization_id, walk.count, walk.last, tuple(ordered))


def record_check(verdicts: Sequence[Verdict]) -> None:
    """Record that every chain was verified now, for the metrics."""
    broken = sum(1 for verdict in verdicts if verdict.faults)
    values = {"at": timezone.now(), "chains": len(verdicts), "broken": broken}
    ChainCheck.objects.update_or_create(pk=1, defaults=values)


@dataclass(slots=True)
class _Walk:
    """The way along a chain: the number and the hash of the last entry so far."""

    organization_id: str
    noted: Mapping[int, str]
    count: int = 0
    last: str = chain.FIRST_PREVIOUS_HASH
    faults: list[Fault] = field(default_factory=list)

    def go_on(self) -> dict[str, tuple[int, str]]:
        """Check the entries that follow; return {op_id: last number, content}."""
        latest: dict[str, tuple[int, str]] = {}
        rows = ChainEntry.objects.filter(organization_id=self.organization_id)
        if self.count:
            rows = rows.filter(number__gt=self.count)
        for entry in rows.order_by("number").iterator():
            self._check(entry)
            latest[entry.op_id] = (self.count, entry.content)
        return latest

    def _check(self, entry: ChainEntry) -> None:
        number = self.count = self.count + 1
        place = (self.organization_id, number, entry.op_id, entry.content, self.last)
        self.last = entry.hash
        if entry.number != number:
            self._add(entry, f"Entry {number} is missing before it.")
            self.count = entry.number
        elif not chain.is_hash_of(chain.place_of(*place), entry.hash):
            sentence = "It does not follow from the entry before: changed or reordered."
            if number == 1:
                sentence += " Or NSADMIN_KEY_PEPPER lacks the one it was written with."
            self._add(entry, sentence)
        if self.noted.get(self.count, entry.hash) != entry.hash:
            self._add(entry, "Its hash is not the one that was noted earlier.")

    def _add(self, entry: ChainEntry, sentence: str) -> None:
        self.faults.append(Fault(self.count, entry.op_id, sentence))


def _at_the_end(walk: _Walk, head: ChainHead | None, *, is_empty: bool) -> list[Fault]:
    """Compare where the chain ends with where it was left and with what was noted."""
    count, faults = walk.count, list[Fault]()
    # A log without any event and entry has no end yet.
    is_unused = head is None and not count and is_empty
    left = None if head is None else (head.number, head.hash)
    if not is_unused and left != (count, walk.last):
        sentence = "The chain does not end where it was left: entries are missing."
        faults.append(Fault(count + 1, "", sentence))
    missing = "An entry that was noted earlier is missing."
    return faults + [Fault(n, "", missing) for n in walk.noted if n > count]


def _differing(
    events: QuerySet[AuditEvent], latest: dict[str, tuple[int, str]], count: int
) -> list[Fault]:
    """Compare each event with its last entry; removes the events from `latest`."""
    faults: list[Fault] = []
    for event in events.iterator():
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
