"""Asking for a support session, deciding about it, ending it; each with its audit row.

Every change locks the organization's row first, so that two people who do something at
the same moment take turns.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, SupportSession, User, token
from nsadmin.access.support import events, grants, overdue
from nsadmin.audit import record
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound

MINUTES: Final = (15, 30, 60, 120, 240, 480)
REASON_MAX: Final = 500
TICKET_MAX: Final = 100


@transaction.atomic
def ask(
    user: User,
    actor: Actor,
    organization_id: str,
    *,
    reason: str,
    ticket: str = "",
    minutes: int,
    break_glass: bool = False,
) -> SupportSession:
    """Ask for access to an organization; it begins now unless an admin must approve.

    With `break_glass` it begins in spite of that rule; a waiting one of the same person
    is replaced. Raises NotFound for an unknown organization and the operator's own,
    Invalid for bad input, Conflict if the person has an open session there.
    """
    organization = _locked(organization_id)
    now = timezone.now()
    for over in grants.overdue(now).filter(user=user, organization=organization):
        overdue.record_overdue(over.session_id)
    values = {
        "reason": _reason(reason),
        "ticket": names.clean(ticket, at="ticket", what="ticket", longest=TICKET_MAX),
        "minutes": _minutes(minutes),
    }
    if break_glass:
        _require_approval_rule(organization)
        for waiting in grants.pending(now).filter(user=user, organization=organization):
            _end(waiting, actor, now, "was replaced by an emergency access")
    _require_none_open(user, organization)
    session = SupportSession(
        session_id=token("sup_"),
        organization=organization,
        user=user,
        is_break_glass=break_glass,
        asked_at=now,
        **values,
    )
    begins = break_glass or not organization.support_needs_approval
    if begins:
        _begin(session, now, "")
    session.save(force_insert=True)
    events.record_ask(session, actor)
    if begins:
        events.record_begin(session, actor)
    return session


@transaction.atomic
def approve(
    actor: Actor, organization: Organization, session_id: str
) -> SupportSession:
    """Let a waiting session begin now. Raises NotFound, Forbidden, Conflict."""
    require_member(actor)
    session = _waiting(organization, session_id)
    now = timezone.now()
    _begin(session, now, actor.label)
    session.save(update_fields=["approved_at", "approved_by", "ends_at"])
    summary = f"Approve the support session of {session.user.email}."
    events.record_event(session, actor, "support:approve", summary)
    events.record_begin(session, actor)
    return session


@transaction.atomic
def refuse(actor: Actor, organization: Organization, session_id: str) -> SupportSession:
    """Refuse a waiting session. Raises NotFound, Forbidden, Conflict."""
    require_member(actor)
    session = _waiting(organization, session_id)
    session.refused_at, session.ended_by = timezone.now(), actor.label
    session.save(update_fields=["refused_at", "ended_by"])
    summary = f"Refuse the support session of {session.user.email}."
    events.record_event(session, actor, "support:refuse", summary)
    return session


@transaction.atomic
def end(actor: Actor, organization: Organization, session_id: str) -> SupportSession:
    """End a session of the organization at once, for one of its admins.

    A second call changes nothing. Raises NotFound and Forbidden.
    """
    require_member(actor)
    return _end_now(actor, find(organization, session_id))


@transaction.atomic
def end_own(actor: Actor, user: User, session_id: str) -> SupportSession:
    """End one's own session, or withdraw a waiting one. Raises NotFound."""
    rows = SupportSession.objects.select_related("organization", "user")
    session = rows.filter(session_id=session_id, user=user).first()
    if session is None:
        raise _not_found()
    return _end_now(actor, session)


@transaction.atomic
def acknowledge(actor: Actor, organization: Organization, session_id: str) -> None:
    """Note that an admin has seen that the approval was bypassed."""
    require_member(actor)
    session = find(organization, session_id)
    rows = SupportSession.objects.filter(
        pk=session.pk, is_break_glass=True, acknowledged_at=None
    )
    now = timezone.now()
    if rows.update(acknowledged_at=now, acknowledged_by=actor.label):
        summary = f"Note the emergency access of {session.user.email}."
        events.record_event(session, actor, "support:acknowledge", summary)


@transaction.atomic
def set_approval(actor: Actor, organization: Organization, *, needed: bool) -> bool:
    """Set whether sessions need an admin's approval; False if it was so already."""
    require_member(actor)
    row = _locked(organization.organization_id)
    if row.support_needs_approval == needed:
        return False
    row.support_needs_approval = needed
    row.save(update_fields=["support_needs_approval"])
    words = {True: "needed", False: "not needed"}
    record.record(
        action="support:approval",
        summary=f"An admin's approval of support sessions is {words[needed]}.",
        actor=actor,
        organization_id=row.organization_id,
        changes=[
            {
                "field": "support_needs_approval",
                "before": words[not needed],
                "after": words[needed],
                "sentence": "Approval of support sessions",
            }
        ],
    )
    return True


def find(organization: Organization, session_id: str) -> SupportSession:
    """Return a session of the organization, or raise NotFound."""
    rows = organization.support_sessions.select_related("organization", "user")
    session: SupportSession | None = rows.filter(session_id=session_id).first()
    if session is None:
        raise _not_found()
    return session


def _not_found() -> NotFound:
    return NotFound(
        "There is no such support session.", details={"resource": "session"}
    )


def _locked(organization_id: str) -> Organization:
    rows = Organization.objects.select_for_update().filter(is_operator=False)
    organization = rows.filter(organization_id=organization_id).first()
    if organization is None:
        raise NotFound(
            "There is no such organization.", details={"resource": "organization"}
        )
    return organization


def require_member(actor: Actor) -> None:
    """Raise Forbidden for staff: only the organization decides about its sessions.

    A key or an account of staff that acts in the organization by a session is staff.
    """
    if actor.is_staff or actor.grants:
        raise Forbidden("Only an admin of the organization can decide.")


def _require_approval_rule(organization: Organization) -> None:
    if not organization.support_needs_approval:
        raise Conflict(
            f"{organization.name} does not require an approval. Ask for a session.",
            code="approval_not_needed",
        )


def _require_none_open(user: User, organization: Organization) -> None:
    rows = SupportSession.objects.filter(user=user, organization=organization)
    open_one = rows.filter(ended_at=None, refused_at=None).first()
    if open_one is None:
        return
    state = "is running" if open_one.approved_at else "waits for an approval"
    raise Conflict(
        f"Your session for {organization.name} {state}. End it before you ask again.",
        code="support_session_open",
        details={"session_id": open_one.session_id},
    )


def _reason(text: str) -> str:
    cleaned = names.clean(text, at="reason", what="reason", longest=REASON_MAX)
    if not cleaned:
        raise Invalid.at("reason", "Say why you need access. The customer reads it.")
    return cleaned


def _minutes(minutes: int) -> int:
    if minutes not in MINUTES:
        raise Invalid.at("minutes", "Choose how long the session may run.")
    return minutes


def _waiting(organization: Organization, session_id: str) -> SupportSession:
    _locked(organization.organization_id)
    session = find(organization, session_id)
    if not grants.pending().filter(pk=session.pk).exists():
        raise Conflict(
            "This support session does not wait for a decision any more.",
            code="support_session_decided",
        )
    return session


def _begin(session: SupportSession, now: datetime, approved_by: str) -> None:
    session.approved_at, session.approved_by = now, approved_by
    session.ends_at = now + timedelta(minutes=session.minutes)


def _end_now(actor: Actor, session: SupportSession) -> SupportSession:
    _locked(session.organization_id)
    session.refresh_from_db(fields=["approved_at", "ended_at", "refused_at"])
    now = timezone.now()
    over = grants.overdue(now).filter(pk=session.pk).exists()
    if not over and session.ended_at is None and session.refused_at is None:
        verb = "was ended" if session.approved_at else "was withdrawn"
        _end(session, actor, now, f"{verb} by {actor.label}")
    return session


def _end(session: SupportSession, actor: Actor, now: datetime, how: str) -> None:
    session.ended_at, session.ended_by = now, actor.label
    session.save(update_fields=["ended_at", "ended_by"])
    summary = f"The support session of {session.user.email} {how}."
    events.record_event(session, actor, "support:end", summary)
