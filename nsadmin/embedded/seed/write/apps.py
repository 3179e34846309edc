"""Authenticator apps of the demo's people, with secrets that can be shown again."""

import base64

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.db import transaction

from nsadmin.access.keys.keys import digest
from nsadmin.access.models import User
from nsadmin.embedded.seed.data.people import PEOPLE

_TOTP = Authenticator.Type.TOTP


def give_apps() -> dict[str, str]:
    """Give each person an app unless they have one of the demo; return its secret."""
    secrets = {person.email: _secret(person.email) for person in PEOPLE}
    with transaction.atomic():
        for user in User.objects.filter(email__in=secrets):
            if not _has_ours(user):
                Authenticator.objects.filter(user=user, type=_TOTP).delete()
                TOTP.activate(user, secrets[user.email])
    return secrets


def take_apps() -> None:
    """Remove the apps that the demo gave; one that a person set up stays."""
    people = [person.email for person in PEOPLE]
    for user in User.objects.filter(email__in=people):
        if _has_ours(user):
            Authenticator.objects.filter(user=user, type=_TOTP).delete()


def _has_ours(user: User) -> bool:
    row = Authenticator.objects.filter(user=user, type=_TOTP).first()
    return row is not None and decrypt(row.data["secret"]) == _secret(user.email)


def _secret(email: str) -> str:
    """The secret of an app, derived from the pepper: 160 bits in base32."""
    return base64.b32encode(bytes.fromhex(digest(f"app {email}"))[:20]).decode()
