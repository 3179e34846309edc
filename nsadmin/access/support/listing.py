"""Lists of support sessions for both sides, their states, and what they looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from nsadmin.access.models import Organization, SupportSession, User
from nsadmin.access.support import grants, words
from nsadmin.audit.models import AuditEvent, Outcome

State = Literal[
    "running", "waiting", "refused", "withdrawn", "undecided", "ended", "over"
]
# An emergency access is told to the admins for this long, unless they note it before.
TOLD_FOR: Final = timedelta(days=7)
# A page that is missing says which session ended so recently.
ENDED_WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as a list shows it; `until` is when it ends or ended, if it began.

    `pages` and `documents` are numbers of rows in the organization's audit, without
    those of pages that were refused.
    """

    session: SupportSession
    state: State
    until: datetime | None
    pages: int
    documents: int

    @property
    def is_open(self) -> bool:
        """Whether it is running or waits for a decision."""
        return self.state in ("running", "waiting")


@dataclass(frozen=True, slots=True)
class Note:
    """What an organization is told on every page: about one session, and how loudly."""

    session: SupportSession
    kind: Literal["emergency", "running", "waiting"]


def state_of(session: SupportSession, now: datetime) -> State:
    """Return the state by the times, whether or not the sweep has been there."""
    if session.refused_at is not None:
        return "refused"
    if session.approved_at is None:
        lapses = session.asked_at + grants.PENDING_FOR
        if session.ended_at is not None and session.ended_at < lapses:
            return "withdrawn"
        return "waiting" if now < lapses else "undecided"
    ends_at = session.ends_at or session.approved_at
    if session.ended_at is not None and session.ended_at < ends_at:
        return "ended"
    return "running" if now < ends_at else "over"


def of_user(user: User) -> QuerySet[SupportSession]:
    """Return the sessions of one person of the platform, newest first."""
    return _rows().filter(user=user)


def of_organization(organization: Organization) -> QuerySet[SupportSession]:
    """Return the sessions of an organization, newest first."""
    return _rows().filter(organization=organization)


def of_everybody() -> QuerySet[SupportSession]:
    """Return all sessions, newest first."""
    return _rows()


def _rows() -> QuerySet[SupportSession]:
    rows = SupportSession.objects.select_related("user", "organization")
    return rows.order_by("-asked_at", "session_id")


def just_ended(user: User) -> list[SupportSession]:
    """Return the sessions of a person that began and ended within the last hour."""
    now = timezone.now()
    since = now - ENDED_WITHIN
    rows = of_user(user).exclude(approved_at=None).filter(ends_at__gt=since)
    over = Q(ended_at__gt=since) | Q(ended_at=None, ends_at__lte=now)
    return list(rows.filter(over)[:5])


def open_ones(rows: QuerySet[SupportSession]) -> QuerySet[SupportSession]:
    """Narrow to those that are running or waiting."""
    now = timezone.now()
    ids = [grants.running(now).values("pk"), grants.pending(now).values("pk")]
    return rows.filter(Q(pk__in=ids[0]) | Q(pk__in=ids[1]))


def past_ones(rows: QuerySet[SupportSession]) -> QuerySet[SupportSession]:
    """Narrow to those that are neither running nor waiting."""
    now = timezone.now()
    running, pending = grants.running(now), grants.pending(now)
    return rows.exclude(pk__in=running.values("pk")).exclude(
        pk__in=pending.values("pk")
    )


def views(sessions: Iterable[SupportSession]) -> list[SessionView]:
    """Return the sessions with their states and what was seen; one query."""
    listed = list(sessions)
    seen = _seen([session.session_id for session in listed])
    now = timezone.now()
    return [
        SessionView(
            session=session,
            state=state_of(session, now),
            until=session.ended_at or session.ends_at,
            pages=seen.get((session.session_id, words.VIEWED), 0),
            documents=seen.get((session.session_id, words.OPENED), 0),
        )
        for session in listed
    ]


def _seen(session_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    if not session_ids:
        return {}
    rows = AuditEvent.objects.filter(
        support_session__in=session_ids,
        action__in=words.LOOKS,
        outcome=Outcome.DONE,
    ).order_by()
    counted = rows.values_list("support_session", "action").annotate(Count("pk"))
    return {(session_id, action): count for session_id, action, count in counted}


def notes(organization: Organization, *, for_admins: bool) -> list[Note]:
    """Return what the organization is told now; members only of an emergency access.

    One query. An emergency access stays for the admins until one of them notes it.
    """
    now = timezone.now()
    told = Q(is_break_glass=True, acknowledged_at=None, asked_at__gt=now - TOLD_FOR)
    if for_admins:
        told |= Q(pk__in=grants.pending(now).values("pk"))
    rows = of_organization(organization).filter(
        told | Q(pk__in=grants.running(now).values("pk"))
    )
    found = []
    for session in rows[:20]:
        state = state_of(session, now)
        if session.is_break_glass and (for_admins or state == "running"):
            found.append(Note(session, "emergency"))
        elif for_admins and state == "running":
            found.append(Note(session, "running"))
        elif for_admins and state == "waiting":
            found.append(Note(session, "waiting"))
    return found
