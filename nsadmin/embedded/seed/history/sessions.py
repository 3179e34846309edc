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
    session = _ask("sven", NORTHLIGHT, at, "Films are missing from the search.", 60)
    ended_at = at + _HELPED_FOR
    organization = Organization.objects.get(pk=NORTHLIGHT.organization_id)
    with clock.set_to(ended_at):
        actor = actor_of("noor", NORTHLIGHT)
        sessions.end(actor, organization, session.session_id)
    SupportSession.objects.filter(pk=session.pk).update(ended_at=ended_at)


def help_corvid(at: datetime) -> None:
    """Petra looks into the smallest organization; her session still runs."""
    _ask("petra", CORVID, at, "The reading group asks why a search is slow.", 240)


def _ask(
    person: str, whose: OrganizationSpec, at: datetime, reason: str, minutes: int
) -> SupportSession:
    session = sessions.ask(
        user_of(person),
        actor_of(person, OPERATOR),
        whose.organization_id,
        reason=reason,
        ticket="NL-2214" if whose is NORTHLIGHT else "CR-118",
        minutes=minutes,
    )
    ends_at = at + timedelta(minutes=minutes)
    rows = SupportSession.objects.filter(pk=session.pk)
    rows.update(asked_at=at, approved_at=at, ends_at=ends_at)
    return session
