"""Audit events of accounts that are locked for too many wrong passwords."""

from hashlib import sha256

from django.core.cache import cache

from nsadmin.access.models import User
from nsadmin.access.signin.audit import record_of_account
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

LOCK_S = 300
_ACTION = "account:sign-in"
_SUMMARY = "Too many wrong passwords; the account is locked for five minutes."


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
