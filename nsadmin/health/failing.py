"""Items that fail in a loop and unreadable documents, of all organizations."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from nsadmin.access.actor import Actor
from nsadmin.health.sight import Subject, job_subjects, subjects
from nsadmin.jobs import items
from nsadmin.jobs.models import ItemFailure, Job
from nsadmin.namespaces.models import MirroredNamespace

# These messages name a place in the code and a reference to the log, and no value.
_UNFORESEEN = "Unexpected "


@dataclass(frozen=True, slots=True)
class FailingItem:
    """An item that fails, as the actor may see it.

    `message` is empty where it may tell of an organization's data that the actor does
    not see; `item` is then the id of what fails alone.
    """

    row: ItemFailure
    item: str
    message: str
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class UnreadableDocument:
    """A namespace whose document has values that cannot be read.

    `faults` are sentences about them, empty where the actor does not see the namespace.
    """

    subject: Subject
    count: int
    faults: list[str]
    updated_at: datetime | None
    mirrored_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of failing items and of unreadable documents."""

    items: int
    documents: int


def counts() -> Counts:
    """Count both, in two queries."""
    return Counts(items.open_failures().count(), unreadable_count())


def unreadable_count() -> int:
    """Count the namespaces whose documents have values that cannot be read."""
    return _unreadable().count()


def failing_items(actor: Actor, *, offset: int, limit: int) -> list[FailingItem]:
    """Return a page of the failing items, the longest failing first."""
    rows = list(items.open_failures()[offset : offset + limit])
    seen = _subjects_of(actor, rows)
    return [_failing(row, seen.get((row.kind, row.item))) for row in rows]


def unreadable_documents(
    actor: Actor, *, offset: int, limit: int
) -> list[UnreadableDocument]:
    """Return a page of the unreadable documents, by organization."""
    ordered = _unreadable().order_by("internal_id", "namespace_id")
    rows = list(ordered.defer("document")[offset : offset + limit])
    seen = subjects(actor, rows)
    return [
        UnreadableDocument(
            subject=seen[row.pk],
            count=len(row.faults),
            faults=row.faults if seen[row.pk].is_seen else [],
            updated_at=row.updated_at,
            mirrored_at=row.mirrored_at,
        )
        for row in rows
    ]


def _unreadable() -> QuerySet[MirroredNamespace]:
    return MirroredNamespace.objects.exclude(unreadable="").filter(deleted_at=None)


def _subjects_of(
    actor: Actor, rows: Collection[ItemFailure]
) -> dict[tuple[str, str], Subject]:
    """Return {(kind, item): namespace} of the items that belong to one."""
    ids = {(row.kind, row.item): _namespace_id(row) for row in rows}
    mirrored = MirroredNamespace.objects.defer("document").in_bulk(
        [value for value in ids.values() if value]
    )
    seen = subjects(actor, list(mirrored.values()))
    found = {key: seen[value] for key, value in ids.items() if value in seen}
    return found | _jobs_of(actor, (row.item for row in rows if row.kind == "job"))


def _namespace_id(row: ItemFailure) -> str:
    """Return the namespace of an item; an index is written `namespace/field`."""
    if row.kind == "index":
        return row.item.partition("/")[0]
    return row.item if row.kind == "namespace" else ""


def _jobs_of(actor: Actor, ids: Iterable[str]) -> dict[tuple[str, str], Subject]:
    wanted = [UUID(text) for text in ids if _is_uuid(text)]
    if not wanted:
        return {}
    jobs = Job.objects.filter(job_id__in=wanted).defer("cursor", "outputs")
    seen = job_subjects(actor, list(jobs))
    return {("job", key): subject for key, subject in seen.items()}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _failing(row: ItemFailure, subject: Subject | None) -> FailingItem:
    # A cluster is the platform's; what cannot be traced may be of any customer.
    is_told = row.kind == "cluster" or (subject is not None and subject.is_seen)
    is_plain = row.message.startswith(_UNFORESEEN)
    return FailingItem(
        row=row,
        item=row.item if is_told else _namespace_id(row) or row.item,
        message=row.message if is_told or is_plain else "",
        subject=subject,
    )
