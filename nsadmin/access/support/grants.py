"""The grants of running support sessions, which decide what staff may see."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Grant
from nsadmin.access.models import SupportSession, User

# A session that is neither approved nor refused within this time ends.
PENDING_FOR: Final = timedelta(hours=24)


def running(now: datetime | None = None) -> QuerySet[SupportSession]:
    """Return the sessions that give access now."""
    return SupportSession.objects.filter(
        ended_at=None,
        refused_at=None,
        approved_at__isnull=False,
        ends_at__gt=now or timezone.now(),
    )


def pending(now: datetime | None = None) -> QuerySet[SupportSession]:
    """Return the sessions that wait for an admin of the organization."""
    return SupportSession.objects.filter(
        ended_at=None,
        refused_at=None,
        approved_at=None,
        asked_at__gt=(now or timezone.now()) - PENDING_FOR,
    )


def overdue(now: datetime) -> QuerySet[SupportSession]:
    """Return the sessions whose time is over and which are not marked as ended."""
    is_over = Q(ends_at__lte=now) | Q(approved_at=None, asked_at__lte=now - PENDING_FOR)
    return SupportSession.objects.filter(is_over, ended_at=None, refused_at=None)


def sessions_of(user: User, organization_id: str | None = None) -> list[SupportSession]:
    """Return a person's running sessions with their organizations; one query.

    `organization_id` narrows them to one organization.
    """
    if not user.platform_role or not user.is_active:
        return []
    rows = running().filter(user=user).select_related("organization")
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    return list(rows.order_by("ends_at", "session_id"))


def grants_by(sessions: Iterable[SupportSession]) -> tuple[Grant, ...]:
    """Return what running sessions let their person see."""
    return tuple(
        Grant(
            session_id=row.session_id,
            organization_id=row.organization_id,
            internal_id=row.organization.internal_id,
            organization_name=row.organization.name,
            ticket=row.ticket,
            reason=row.reason,
            ends_at=row.ends_at,
        )
        for row in sessions
        if row.ends_at is not None
    )


def grants_of(user: User, organization_id: str | None = None) -> tuple[Grant, ...]:
    """Return what a person of the platform may see now; nobody else has any grant.

    `organization_id` narrows it to one organization. One query.
    """
    return grants_by(sessions_of(user, organization_id))
