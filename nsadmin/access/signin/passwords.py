"""What a new password ends and leaves in the audit."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.usersessions.models import UserSession
from django.dispatch import receiver

from nsadmin.access.models import User
from nsadmin.access.signin.audit import record_of_account

_ACTION = "account:password"


@receiver(password_changed, dispatch_uid="audit_password_changed")
@receiver(password_set, dispatch_uid="audit_password_set")
def _changed(user: User, **_kwargs: Any) -> None:
    record_of_account(user, _ACTION, f"{user.email}: password changed.")


@receiver(password_reset, dispatch_uid="audit_password_reset")
def _reset(user: User, **_kwargs: Any) -> None:
    """End every session: who asked for the link may have lost a browser."""
    user.end_sessions()
    UserSession.objects.filter(user=user).delete()
    summary = f"{user.email}: password reset by a mailed link; all sessions ended."
    record_of_account(user, _ACTION, summary)
