"""The namespaces of all organizations as the platform's people see them, by id.

Only stored rows are read, and a bounded number of them for one page. What the actor
does not see has an id and figures, and neither a name nor a message.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from nsadmin.access.actor import Actor
from nsadmin.access.organization.selection import begins
from nsadmin.health.sight import Subject, subjects
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import readings
from nsadmin.namespaces.read.readings import ShownStatus

# More rows than this are not counted.
COUNTED: Final = 1000
LONGEST_ID: Final = 128
_JOBS: Final = ("cloning", "failed")


@dataclass(frozen=True, slots=True)
class NamespaceFilter:
    """Which rows, and from where on; an empty value does not narrow them.

    `internal_id` is the tenant, `prefix` the beginning of an id. The page begins after
    the id `after`, or ends before the id `before`.
    """

    internal_id: str | None = None
    prefix: str = ""
    tier: str = ""
    status: str = ""
    unreadable: bool = False
    differs: bool = False
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceRow:
    """A line of the list; the status is the one that may be shown now.

    `clone_error` is why the clone into it did not finish, such as `cancelled`.
    """

    subject: Subject
    tier: str
    status: ShownStatus
    is_unreadable: bool
    differences: int
    documents: int | None
    extractors: int
    indexes: int
    updated_at: datetime | None
    clone_error: str


@dataclass(frozen=True, slots=True)
class NamespacePage:
    """A page of the list, and the ids that lead to the pages beside; None for none.

    `total` counts to COUNTED; `is_more` tells that there are more. `last_known_at` is
    since when the filter by health goes by what was last known, None while it does not.
    """

    rows: list[NamespaceRow]
    total: int
    is_more: bool
    before: str | None
    after: str | None
    last_known_at: datetime | None


def listing(actor: Actor, wanted: NamespaceFilter, *, limit: int) -> NamespacePage:
    """Return a page in a fixed number of queries, whatever the number of rows."""
    every = _matching(wanted)
    rows, before, after = _window(every, wanted, limit)
    is_whole = before is None and after is None
    counted = len(rows) if is_whole else every[: COUNTED + 1].count()
    statuses = readings.shown(rows)
    asks_health = bool(rows or wanted.status)
    return NamespacePage(
        rows=_shown(actor, rows, statuses),
        total=min(counted, COUNTED),
        is_more=counted > COUNTED,
        before=before,
        after=after,
        last_known_at=readings.last_known_at(rows, statuses) if asks_health else None,
    )


def _window(
    every: QuerySet[MirroredNamespace], wanted: NamespaceFilter, limit: int
) -> tuple[list[MirroredNamespace], str | None, str | None]:
    """Return the rows, and the ids before and after which the neighbors are."""
    columns = every.defer("description", "search_text")
    if wanted.before:
        behind = columns.filter(namespace_id__lt=wanted.before)
        found = list(behind.order_by("-namespace_id")[: limit + 1])
        rows = found[:limit][::-1]
        has_before, has_after = len(found) > limit, True
    else:
        ahead = columns.filter(namespace_id__gt=wanted.after)
        found = list(ahead.order_by("namespace_id")[: limit + 1])
        rows = found[:limit]
        has_before, has_after = bool(wanted.after), len(found) > limit
    if not rows:
        return [], None, None
    before = rows[0].namespace_id if has_before else None
    return rows, before, rows[-1].namespace_id if has_after else None


def _matching(wanted: NamespaceFilter) -> QuerySet[MirroredNamespace]:
    rows = MirroredNamespace.objects.filter(deleted_at=None)
    for condition in _conditions(wanted):
        rows = rows.filter(condition)
    return rows


def _conditions(wanted: NamespaceFilter) -> Iterator[Q]:
    if wanted.internal_id is not None:
        yield Q(internal_id=wanted.internal_id)
    if wanted.prefix:
        yield begins("namespace_id", wanted.prefix)
    if wanted.tier:
        yield Q(tier=wanted.tier)
    if wanted.status:
        yield _has_status(wanted.status)
    if wanted.unreadable:
        yield ~Q(unreadable="")
    if wanted.differs:
        yield Q(differences__gt=0)


def _has_status(status: str) -> Q:
    """Return the condition that is in Python `MirroredNamespace.status`."""
    if status == "deleting":
        return ~Q(deletion_task_id="")
    if status in _JOBS:
        return Q(deletion_task_id="", clone_status=status)
    return Q(deletion_task_id="", health=status) & ~Q(clone_status__in=_JOBS)


def _shown(
    actor: Actor,
    rows: Sequence[MirroredNamespace],
    statuses: Mapping[str, ShownStatus],
) -> list[NamespaceRow]:
    seen = subjects(actor, rows)
    return [
        NamespaceRow(
            subject=seen[row.pk],
            tier=row.tier,
            status=statuses[row.namespace_id],
            is_unreadable=bool(row.unreadable),
            differences=row.differences,
            documents=row.document_count,
            extractors=len(row.extractor_ids),
            indexes=row.index_count,
            updated_at=row.updated_at,
            clone_error=row.clone_error,
        )
        for row in rows
    ]
