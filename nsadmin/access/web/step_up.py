"""Step-up authentication: the password again, to delete data or change access.

A password counts for ten minutes in the session in which it was given. The password of
sign-in does not count: a session that was left open must not be enough.
"""

import time

from allauth.core import ratelimit
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest

from nsadmin.access.models import User
from nsadmin.access.web import lockouts
from nsadmin.errors import PasswordNeeded

FIELD = "step_up_password"
FRESH_FOR_S = 600
SESSION_KEY = "password_given_at"


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the password was given in this session in the last ten minutes."""
    given_at: float = request.session.get(SESSION_KEY, 0.0)
    return 0 <= time.time() - given_at < FRESH_FOR_S


def put_off(request: HttpRequest) -> None:
    """Note that the view itself requires the password, after its other checks."""
    request.step_up_due = True  # type: ignore[attr-defined]


def is_due(request: HttpRequest) -> bool:
    """Return whether the password was put off and is not required yet."""
    return getattr(request, "step_up_due", False)


def require_password(request: HttpRequest, reason: str = "") -> None:
    """Raise PasswordNeeded unless the password is fresh or comes with this request.

    `reason` is the sentence of what the password protects here; empty for the one of
    the page.

    The password is a field of the sent form and is removed from `request.POST`, so that
    the view gets the form as it was filled in.
    """
    request.step_up_due = False  # type: ignore[attr-defined]
    given = request.POST.get(FIELD)
    if given is not None:
        fields = request.POST.copy()
        del fields[FIELD]
        request.POST = fields  # type: ignore[assignment]
        _check_password(request, given, reason)
    elif not is_fresh(request):
        raise _needed("Confirm your password to continue.", reason)


def _needed(message: str, reason: str, code: str | None = None) -> PasswordNeeded:
    return PasswordNeeded(message, code=code, details={"reason": reason})


def _check_password(request: HttpRequest, given: str, reason: str) -> None:
    user = request.user
    if not isinstance(user, User):
        raise _needed("You are not signed in.", reason)
    # Counted per user and apart from sign-in: an attacker who locks sign-in must not
    # lock this as well.
    if not ratelimit.consume(request, action="reauthenticate", user=user):
        lockouts.record_lockout(user.email)
        message = "Too many wrong passwords; try again in five minutes."
        raise _needed(message, reason, "password_locked")
    if not check_password(given, user.password):
        raise _needed("That is not your password.", reason, "password_wrong")
    ratelimit.clear(request, action="reauthenticate", user=user)
    request.session[SESSION_KEY] = time.time()
