"""Support sessions: one that was ended, and one that runs."""

from datetime import datetime, timedelta

from nsadmin.access.models import Organization, SupportSession
from nsadmin.access.support import sessions
from nsadmin.audit import clock
from nsadmin.embedded.seed.data.people import (
    CORVID,
    NORTHLIGHT,
    OPERATOR,
    OrganizationSpec,
)
from nsadmin.embedded.seed.history.people import actor_of, user_of

_HELPED_FOR = timedelta(minutes=42)


def help_northlight(at: datetime) -> None:
    """Sven looks into a complaint; Noor ends the session when all is well."""
    session = _ask("sven", NORTHLIGHT, "Films are missing from the search.", 60)
    organization = Organization.objects.get(pk=NORTHLIGHT.organization_id)
    ended_at = at + _HELPED_FOR
    with clock.set_to(ended_at):
        actor = actor_of("noor", NORTHLIGHT)
        sessions.end(actor, organization, session.session_id)
    _move(session, at)
    SupportSession.objects.filter(pk=session.pk).update(ended_at=ended_at)


def help_corvid(at: datetime) -> None:
    """Petra looks into the smallest organization; her session still runs."""
    reason = "The reading group asks why a search is slow."
    _move(_ask("petra", CORVID, reason, 240), at)


def _ask(
    person: str, whose: OrganizationSpec, reason: str, minutes: int
) -> SupportSession:
    return sessions.ask(
        user_of(person),
        actor_of(person, OPERATOR),
        whose.organization_id,
        reason=reason,
        ticket="NL-2214" if whose is NORTHLIGHT else "CR-118",
        minutes=minutes,
    )


def _move(session: SupportSession, at: datetime) -> None:
    """Move the times of a session into the past."""
    ends_at = at + timedelta(minutes=session.minutes)
    rows = SupportSession.objects.filter(pk=session.pk)
    rows.update(asked_at=at, approved_at=at, ends_at=ends_at)
