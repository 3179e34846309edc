"""The sessions of a person: which browsers are signed in, and ending them.

What ends sessions is the number that `User.end_sessions` counts up: each session has
a hash of it. allauth's rows only list them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from nsadmin.access.models import User
from nsadmin.access.signin.audit import record_of_account
from nsadmin.errors import NotFound

# What a browser calls itself, the more exact name first.
_BROWSERS: Final = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS: Final = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser; `address` is the IP address that it was last seen at."""

    pk: int
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_current: bool


def sessions_of(request: HttpRequest, user: User) -> list[Session]:
    """Return the running sessions, this one first, then the last seen."""
    found = [
        Session(
            pk=row.pk,
            browser=browser_of(row.user_agent),
            address=row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_current=row.session_key == request.session.session_key,
        )
        for row in UserSession.objects.purge_and_list(user)
    ]
    found.sort(key=lambda each: each.seen_at, reverse=True)
    return sorted(found, key=lambda each: not each.is_current)


def browser_of(user_agent: str) -> str:
    """Return words for a browser, such as `Firefox on Linux`."""
    browser = _first(_BROWSERS, user_agent) or "Unknown browser"
    system = _first(_SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def end_one(user: User, pk: int) -> None:
    """End one session; raise NotFound for that of another person."""
    row = UserSession.objects.filter(user=user, pk=pk).first()
    if row is None:
        raise NotFound("There is no such session.", details={"resource": "session"})
    row.end()
    record_of_account(
        user, "account:sessions", f"{user.email}: one session ended by its owner."
    )


def end_others(request: HttpRequest, user: User) -> None:
    """End every session but the one of this request."""
    user.end_sessions()
    keep_this(request, user)
    record_of_account(
        user, "account:sessions", f"{user.email}: all other sessions ended."
    )


def keep_this(request: HttpRequest, user: User) -> None:
    """Let the session of this request outlive the end of the person's sessions."""
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    user.refresh_from_db(fields=["session_epoch"])
    update_session_auth_hash(request, user)
    UserSession.objects.create_from_request(request)


def _first(words: dict[str, str], text: str) -> str:
    return next((word for mark, word in words.items() if mark in text), "")
