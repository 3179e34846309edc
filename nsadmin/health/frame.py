"""What the frame of every page says of an organization, in one statement.

The rows behind a figure are read by the rooms that own them, and only where the figure
says that there are some.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Q, QuerySet, Subquery

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, SupportSession
from nsadmin.jobs import queries
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.models import ReaperHold


@dataclass(frozen=True, slots=True)
class FrameFigures:
    """Running and waiting jobs, and whether there are rows to look at.

    `is_held` is about expired namespaces that wait for a decision; `has_sessions` about
    support sessions that are open, or were begun in an emergency and not noted yet.
    """

    running: int = 0
    waiting: int = 0
    is_held: bool = False
    has_sessions: bool = False


def figures(actor: Actor, organization: Organization) -> FrameFigures:
    """Return the figures of the organization whose pages are shown."""
    live = queries.visible(actor).filter(
        organization_id=organization.organization_id, state__in=LIVE
    )
    is_open = Q(ended_at=None, refused_at=None)
    is_unnoted = Q(is_break_glass=True, acknowledged_at=None)
    sessions = SupportSession.objects.filter(
        is_open | is_unnoted, organization=organization
    )
    holds = ReaperHold.objects.filter(internal_id=organization.internal_id)
    row = (
        Organization.objects.filter(pk=organization.pk)
        .order_by()
        .values_list(
            Subquery(_count(live, "started_at")),
            Subquery(_count(live, "pk")),
            Exists(holds),
            Exists(sessions),
        )
        .first()
    )
    if row is None:
        return FrameFigures()
    started, total, is_held, has_sessions = row
    running = started or 0
    return FrameFigures(running, (total or 0) - running, is_held, has_sessions)


def _count(rows: QuerySet[Job], column: str) -> QuerySet[Job, Any]:
    """Count the values of a column, to be asked for within another statement."""
    of_all = rows.order_by().values("organization_id")
    return of_all.annotate(count=Count(column)).values("count")
