"""Audit events of accounts that are locked for too many wrong passwords."""

from hashlib import sha256

from django.core.cache import cache

from nsadmin.access.models import User
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

LOCK_S = 300


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
    homes: list[str] = []
    actor = record.RecordedActor("user", "", "unknown address")
    if user is not None:
        homes = [m.organization_id for m in user.memberships.all()]
        actor = record.RecordedActor("user", str(user.pk), user.email)
    for organization_id in homes or [""]:
        record.record(
            Outcome.REFUSED,
            action="account:sign-in",
            summary="Too many wrong passwords; the account is locked for five minutes.",
            actor=actor,
            organization_id=organization_id,
        )
