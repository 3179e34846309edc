"""The audit rows of support sessions, and what other rooms are told of them."""

from collections.abc import Callable
from enum import Enum

from nsadmin.access.actor import Actor
from nsadmin.access.models import SupportSession
from nsadmin.audit import record


class Stage(Enum):
    """What happened to a session: asked for, begun, or begun without an approval."""

    ASKED = "asked"
    BEGUN = "begun"
    EMERGENCY = "emergency"


Note = Callable[[SupportSession, Stage], None]
_notes: list[Note] = []


def register(note: Note) -> None:
    """Register the function that is told of sessions, in the transaction of each."""
    _notes[:] = [note]


def _tell(session: SupportSession, stage: Stage) -> None:
    for note in _notes:
        note(session, stage)


def record_ask(session: SupportSession, actor: Actor) -> None:
    """Write that a session was asked for, with its reason."""
    ticket = f", ticket {session.ticket}" if session.ticket else ""
    summary = (
        f"{session.user.email} asks for {session.minutes} minutes of support access"
        f"{ticket}: {session.reason}"
    )
    record_event(session, actor, "support:ask", summary)
    if session.approved_at is None:
        _tell(session, Stage.ASKED)


def record_begin(session: SupportSession, actor: Actor) -> None:
    """Write that a session began; an emergency access has an action of its own."""
    if session.is_break_glass:
        summary = (
            f"{session.user.email} bypassed the approval and has emergency access for "
            f"{session.minutes} minutes."
        )
        record_event(session, actor, "support:break-glass", summary)
        _tell(session, Stage.EMERGENCY)
        return
    summary = (
        f"The support session of {session.user.email} began, for "
        f"{session.minutes} minutes."
    )
    record_event(session, actor, "support:begin", summary)
    _tell(session, Stage.BEGUN)


def record_event(
    session: SupportSession, actor: Actor, action: str, summary: str
) -> None:
    """Write a row about a session into the audit of its organization."""
    record.record(
        action=action,
        summary=summary,
        actor=actor,
        organization_id=session.organization_id,
        support_session=session.session_id,
    )
