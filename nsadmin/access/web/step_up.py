"""Step-up authentication: the password again, to delete data or change access.

A code of the authenticator app does as well as the password. Either counts for ten
minutes in the session in which it was given, here and on the pages that change how the
person signs in. What was given to sign in does not count: a session that was left open
must not be enough.
"""

import time

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import ratelimit
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest

from nsadmin.access.models import User
from nsadmin.access.signin.forms import ConfirmCodeForm
from nsadmin.access.web import lockouts
from nsadmin.errors import PasswordNeeded

FIELD = "step_up_password"
CODE_FIELD = "step_up_code"
FRESH_FOR_S = 600
SESSION_KEY = "password_given_at"


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether the person confirmed themselves here in the last ten minutes."""
    now = time.time()
    times = [request.session.get(SESSION_KEY, 0.0)]
    if isinstance(request.user, User):
        records = get_authentication_records(request, request.user)
        times += [each["at"] for each in records if each.get("reauthenticated")]
    return any(0 <= now - given_at < FRESH_FOR_S for given_at in times)


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

    A form that was sent with empty fields counts as no attempt: the person may have
    confirmed in another tab meanwhile, at a provider. The password, or a code in its
    place, is a field of the sent form and is removed from `request.POST`, so that the
    view gets the form as it was filled in.
    """
    request.step_up_due = False  # type: ignore[attr-defined]
    given, code = request.POST.get(FIELD), request.POST.get(CODE_FIELD, "").strip()
    remove_fields(request, FIELD, CODE_FIELD)
    if not given and not code:
        if not is_fresh(request):
            raise _unconfirmed(reason, is_sent=given is not None)
        return
    user = request.user
    if not isinstance(user, User):
        raise _needed("You are not signed in.", reason)
    if code:
        _check_code(user, code, reason)
    else:
        _check_password(request, user, given or "", reason)
    request.session[SESSION_KEY] = time.time()


def remove_fields(request: HttpRequest, *names: str) -> None:
    """Remove fields of ours, so that the view gets the form as it was filled in."""
    fields = request.POST.copy()
    for name in names:
        fields.pop(name, None)
    request.POST = fields  # type: ignore[assignment]


def _unconfirmed(reason: str, *, is_sent: bool) -> PasswordNeeded:
    """Return the question; one for fields that were sent empty says so."""
    if is_sent:
        message = "Nothing was entered, and you are not confirmed in another tab yet."
        return _needed(message, reason, "password_missing")
    return _needed("Confirm your password to continue.", reason)


def _needed(message: str, reason: str, code: str | None = None) -> PasswordNeeded:
    return PasswordNeeded(message, code=code, details={"reason": reason})


def _check_password(request: HttpRequest, user: User, given: str, reason: str) -> None:
    # Counted per user and apart from sign-in: an attacker who locks sign-in must not
    # lock this as well.
    if not ratelimit.consume(request, action="reauthenticate", user=user):
        raise _locked(user, reason)
    if not check_password(given, user.password):
        raise _needed("That is not your password.", reason, "password_wrong")
    ratelimit.clear(request, action="reauthenticate", user=user)
    reauthenticate_by_password(request)


def _check_code(user: User, code: str, reason: str) -> None:
    """Accept a code of the app or a recovery code; allauth limits the attempts."""
    form = ConfirmCodeForm({"code": code}, user=user)
    if form.is_valid():
        form.save()
        return
    if form.has_error("code", "too_many_login_attempts"):
        raise _locked(user, reason)
    raise _needed("That is not a valid code now.", reason, "code_wrong")


def _locked(user: User, reason: str) -> PasswordNeeded:
    lockouts.record_lockout(user.email)
    message = "Too many wrong passwords or codes; try again in five minutes."
    return _needed(message, reason, "password_locked")
