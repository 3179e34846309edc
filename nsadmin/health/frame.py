"""What the frame of every page says of an organization, in one statement.

The rows behind a figure are read by the rooms that own them, and only where the figure
says that there are some. Composing the statement takes longer than its answer, so it is
composed once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Exists, Q, QuerySet, Subquery

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, SupportSession
from nsadmin.jobs import notices
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.models import ReaperHold

# They stand in the composed statement where an organization's ids belong.
_ID: Final = "organization_id of the frame"
_INTERNAL_ID: Final = "internal_id of the frame"
_PERSON_ID: Final = "id of the person of the frame"
_READER_ID: Final = "id of the reader of the frame"

# What a room above this one tells, from the ids of an organization and of a person.
_waiting: list[Callable[[str, str], QuerySet[Any]]] = []


def register_waiting(rows: Callable[[str, str], QuerySet[Any]]) -> None:
    """Register the rows that may wait for a person, so that the frame tells of them."""
    _waiting[:] = [rows]


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """Running and waiting jobs, and whether there are rows to look at.

    A job between two slices is queued again but counts as running. `is_held` is about
    expired namespaces that wait for a decision; `has_sessions` about support sessions
    that are open, or were begun in an emergency and not noted yet. `unseen` counts the
    ended jobs of the person who looks, until they have seen them. `may_wait` says that
    there are plans that need another person than their maker.
    """

    running: int = 0
    waiting: int = 0
    is_held: bool = False
    has_sessions: bool = False
    unseen: int = 0
    may_wait: bool = False


def figures(actor: Actor, organization: Organization) -> FrameFigures:
    """Return the figures of the organization whose pages are shown.

    None are returned of an organization that the actor does not see, nor while the
    actor's own is suspended.
    """
    visible = actor.visible_organization_ids
    is_seen = visible is None or organization.organization_id in visible
    if not is_seen or actor.suspension is not None:
        return FrameFigures()
    sql, params = _statement(connection.vendor)
    ids = {
        _ID: organization.organization_id,
        _INTERNAL_ID: organization.internal_id,
        _PERSON_ID: "" if actor.is_staff else actor.id,
        _READER_ID: actor.id,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids.get(param, param) for param in params])
        row = cursor.fetchone()
    if row is None:
        return FrameFigures()
    running, total = row[0] or 0, row[1] or 0
    flags = bool(row[2]), bool(row[3])
    return FrameFigures(
        running,
        total - running,
        *flags,
        unseen=row[4] or 0,
        may_wait=any(bool(found) for found in row[5:]),
    )


@lru_cache
def _statement(_vendor: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement of a kind of database, and its parameters."""
    live = Job.objects.filter(organization_id=_ID, state__in=LIVE)
    is_open = Q(ended_at=None, refused_at=None)
    is_unnoted = Q(is_break_glass=True, acknowledged_at=None)
    sessions = SupportSession.objects.filter(is_open | is_unnoted, organization_id=_ID)
    rows = Organization.objects.filter(pk=_ID).order_by()
    asked = rows.values_list(
        Subquery(_count(live, "started_at")),
        Subquery(_count(live, "pk")),
        Exists(ReaperHold.objects.filter(internal_id=_INTERNAL_ID)),
        Exists(sessions),
        Subquery(_count(notices.unseen(_ID, _PERSON_ID), "pk")),
        *(Exists(rows_for(_ID, _READER_ID)) for rows_for in _waiting),
    )
    sql, params = asked.query.sql_with_params()
    return sql, tuple(params)


def _count(rows: QuerySet[Job], column: str) -> QuerySet[Job, Any]:
    """Count the values of a column, to be asked for within another statement."""
    of_all = rows.order_by().values("organization_id")
    return of_all.annotate(count=Count(column)).values("count")
