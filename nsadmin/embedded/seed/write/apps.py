"""Authenticator apps of the demo's people, with secrets that can be shown again."""

import base64

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.db.models import QuerySet

from nsadmin.access.keys.keys import digest
from nsadmin.access.models import User
from nsadmin.access.signin.factors import has_app
from nsadmin.embedded.seed.data.people import PEOPLE

_TOTP = Authenticator.Type.TOTP


def give_apps() -> dict[str, str]:
    """Give each person without an app one; return the secret of each app of the demo.

    An app that a person set up stays, and its secret is not told.
    """
    secrets = {}
    with transaction.atomic():
        for user in _people():
            if not has_app(user):
                TOTP.activate(user, _secret(user.email))
            if _has_ours(user):
                secrets[user.email] = _secret(user.email)
    return secrets


def take_apps() -> None:
    """Remove the apps that the demo gave; one that a person set up stays."""
    for user in _people():
        if _has_ours(user):
            Authenticator.objects.filter(user=user, type=_TOTP).delete()


def _people() -> QuerySet[User]:
    return User.objects.filter(email__in=[person.email for person in PEOPLE])


def _has_ours(user: User) -> bool:
    row = Authenticator.objects.filter(user=user, type=_TOTP).first()
    return row is not None and decrypt(row.data["secret"]) == _secret(user.email)


def _secret(email: str) -> str:
    """The secret of an app, derived from the pepper: 160 bits in base32."""
    return base64.b32encode(bytes.fromhex(digest(f"app {email}"))[:20]).decode()
