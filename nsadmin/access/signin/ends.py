"""The end of a session: after a time without activity, and after its longest time.

Two times stand in the session itself. What a page asks without its reader, such as a
poll, is no activity and moves neither.
"""

import time
from enum import Enum
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest

from nsadmin.access.models import User

BEGAN_AT: Final = "session_began_at"
SEEN_AT: Final = "session_seen_at"
# The header of a request that a timer of the page makes: static/js/app.js sends it with
# every poll.
POLL_HEADER: Final = "X-Poll"
# Activity is noted this often at most, so that not every request writes.
_NOTED_EVERY_S = 60.0


class SessionEnd(Enum):
    """Why a session is over, as the sign-in says it."""

    IDLE = "You were signed out after a time without activity. Sign in to go on."
    LONGEST = "You were signed out because your session reached its longest time."


def end_of(session: SessionBase, now: float) -> SessionEnd | None:
    """Return why the session is over; None while it goes on."""
    if now - session.get(BEGAN_AT, now) >= settings.NSADMIN_SESSION_MAX_S:
        return SessionEnd.LONGEST
    if now - session.get(SEEN_AT, now) >= settings.NSADMIN_SESSION_IDLE_S:
        return SessionEnd.IDLE
    return None


def end_if_over(request: HttpRequest) -> SessionEnd | None:
    """End the session of a signed-in person if its time is over, else note activity.

    Afterwards the request is one of a person who is not signed in.
    """
    if not isinstance(request.user, User):
        return None
    now = time.time()
    over = end_of(request.session, now)
    if over is not None:
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        request.session.flush()
        request.user = AnonymousUser()
    elif POLL_HEADER not in request.headers:
        _note_activity(request, now)
    return over


def _note_activity(request: HttpRequest, now: float) -> None:
    session = request.session
    every = min(_NOTED_EVERY_S, settings.NSADMIN_SESSION_IDLE_S / 10)
    if now - session.get(SEEN_AT, 0.0) < every and BEGAN_AT in session:
        return
    session.setdefault(BEGAN_AT, now)
    session[SEEN_AT] = now
    UserSession.objects.create_from_request(request)


@receiver(user_logged_in, dispatch_uid="session_begins")
def _begin(request: HttpRequest, **_kwargs: Any) -> None:
    request.session[BEGAN_AT] = request.session[SEEN_AT] = time.time()
