"""Limits of wrong passwords at sign-in, and the audit events of their refusals."""

from hashlib import sha256
from typing import Any, Final

from allauth.account.signals import password_reset
from allauth.core.internal.ratelimit import (
    RateLimitUsage,
    clear,
    consume,
    truncate_ip,
)
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest

from nsadmin.access.models import User
from nsadmin.access.signin.audit import record_of_account
from nsadmin.access.web.client_address import client_address
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

LOCK_S = 300
_ACTION = "account:sign-in"
_SUMMARY = "Too many wrong passwords; more are refused for up to five minutes."
_APP: Final = "allauth.account"
# The limits of ACCOUNT_RATE_LIMITS: for an address from one sender, and from all.
_OF_SENDER: Final = "sign_in_of_sender"
_OF_ALL: Final = "sign_in"


def count_attempt(request: HttpRequest, email: str) -> RateLimitUsage | None:
    """Count an attempt to sign in; None if it is one too many.

    The caller rolls the usage back if the password was right, so that wrong ones alone
    count.
    """
    used = []
    for action, key in _limits(request, email):
        usage = consume(request, app=_APP, action=action, key=key)
        if usage is None:
            return None
        used += usage.usage
    return RateLimitUsage(used)


@receiver(password_reset, dispatch_uid="forget_attempts")
def _forget(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Let the owner of an address in who has reset the password by a mailed link."""
    for action, key in _limits(request, user.email):
        clear(request, app=_APP, action=action, key=key)


def _limits(request: HttpRequest, email: str) -> tuple[tuple[str, str], ...]:
    """Return actions of ACCOUNT_RATE_LIMITS, and what each counts by."""
    address = email.strip().lower()
    sender = truncate_ip(client_address(request))
    return (_OF_SENDER, f"{sender} {address}"), (_OF_ALL, address)


def record_lockout(email: str) -> None:
    """Write the audit event of a lockout, at most once per LOCK_S for an address.

    The typed text is recorded only if it is the address of an account, because people
    type their password into the wrong field.
    """
    address = email.strip().lower()
    mark = sha256(address.encode()).hexdigest()
    if not cache.add(f"lockout:{mark}", 1, LOCK_S):
        return
    user = User.objects.filter(email=address).first()
    if user is not None:
        record_of_account(user, _ACTION, _SUMMARY, Outcome.REFUSED)
        return
    record.record(
        Outcome.REFUSED,
        action=_ACTION,
        summary=_SUMMARY,
        actor=record.RecordedActor("user", "", "unknown address"),
        organization_id="",
    )
