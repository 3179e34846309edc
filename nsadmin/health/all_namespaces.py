"""The namespaces of all organizations as the platform's people see them, by id.

Only stored rows are read, and a bounded number of them for one page. What the actor
does not see has an id and figures, and neither a name nor a message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nsadmin.access.actor import Actor
from nsadmin.health import all_rows
from nsadmin.health.all_rows import Found, NamespaceFilter
from nsadmin.health.sight import Subject, subjects
from nsadmin.namespaces.listing.amounts import Count
from nsadmin.namespaces.mirror import state
from nsadmin.namespaces.mirror.state import Age
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import readings
from nsadmin.namespaces.read.readings import ShownStatus

LONGEST_ID: Final = 128


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

    `counted` is the number of all rows. `last_known_at` is since when the filter by
    health goes by what was last known, None while it does not; `age` is the mirror's.
    """

    rows: list[NamespaceRow]
    counted: Count
    before: str | None
    after: str | None
    last_known_at: datetime | None
    age: Age


def listing(actor: Actor, wanted: NamespaceFilter, *, limit: int) -> NamespacePage:
    """Return a page in a fixed number of queries, whatever the number of rows."""
    found = all_rows.find(wanted, limit=limit)
    rows, before, after = _window(found, limit)
    is_whole = before is None and after is None
    statuses = readings.shown(rows)
    asks_health = bool(rows or wanted.status)
    return NamespacePage(
        rows=_shown(actor, rows, statuses),
        counted=Count(len(rows)) if is_whole else found.count(shown=len(rows)),
        before=before,
        after=after,
        last_known_at=readings.last_known_at(rows, statuses) if asks_health else None,
        age=Age(state.as_of_read(rows[0])) if rows else state.age(),
    )


def _window(
    found: Found, limit: int
) -> tuple[list[MirroredNamespace], str | None, str | None]:
    """Return the rows, and the ids before and after which the neighbors are."""
    by, wanted = found.by, found.wanted
    columns = state.with_as_of(found.rows.defer("description", "search_text"))
    if wanted.before:
        behind = columns.filter(**{f"{by}__lt": wanted.before})
        read = list(behind.order_by(f"-{by}")[: limit + 1])
        rows = read[:limit][::-1]
        has_before, has_after = len(read) > limit, True
    else:
        ahead = columns.filter(**{f"{by}__gt": wanted.after})
        read = list(ahead.order_by(by)[: limit + 1])
        rows = read[:limit]
        has_before, has_after = bool(wanted.after), len(read) > limit
    if not rows:
        return [], None, None
    before = rows[0].namespace_id if has_before else None
    return rows, before, rows[-1].namespace_id if has_after else None


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
