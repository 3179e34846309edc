"""Too many wrong passwords: noted in the audit, once per lock."""

from hashlib import sha256

from django.core.cache import cache

from nsadmin.access.models import User
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

LOCK_S = 300


def record_lockout(email: str) -> None:
    """Write that an account is locked for wrong passwords; at most once per lock.

    What was typed is only kept if it is the address of an account: people type their
    password into the wrong field.
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
