"""Audit events about a person's own account, in each of their organizations."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.dispatch import receiver

from nsadmin.access.models import User
from nsadmin.audit import record
from nsadmin.audit.models import Outcome

_WORDS = {
    Authenticator.Type.TOTP: "an authenticator app",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
    Authenticator.Type.WEBAUTHN: "a passkey",
}


def record_of_account(
    user: User, action: str, summary: str, outcome: Outcome = Outcome.DONE
) -> None:
    """Write an event of a person to the audit of each organization that they are in."""
    homes = user.memberships.values_list("organization_id", flat=True)
    actor = record.RecordedActor("user", str(user.pk), user.email)
    for organization_id in list(homes) or [""]:
        record.record(
            outcome,
            action=action,
            summary=summary,
            actor=actor,
            organization_id=organization_id,
        )


@receiver(authenticator_added, dispatch_uid="audit_factor_added")
def _added(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    _record(user, authenticator, "set up")


@receiver(authenticator_removed, dispatch_uid="audit_factor_removed")
def _removed(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    _record(user, authenticator, "removed")


@receiver(authenticator_reset, dispatch_uid="audit_factor_reset")
def _reset(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    _record(user, authenticator, "made again")


def _record(user: User, authenticator: Authenticator, did: str) -> None:
    what = _WORDS[Authenticator.Type(authenticator.type)]
    summary = f"{user.email}: {what} {did} for signing in."
    record_of_account(user, "account:second-factor", summary)
