"""allauth's hooks for second factors: secrets are sealed, names and codes are ours."""

import json
from collections.abc import Mapping
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractBaseUser
from django.utils.safestring import SafeString

from nsadmin.stores.seal import Binding, Secret, seal, unseal

_BINDING = Binding("", "", "second_factor", "")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The adapter of a site whose database holds no secret in the clear."""

    error_messages: Mapping[str, str] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That is not a valid code now.",
        "cannot_generate_recovery_codes": "Set up an app or a passkey first.",
    }

    def encrypt(self, text: str) -> str:
        """Return the sealed secret as JSON."""
        return json.dumps(seal(Secret(text), _BINDING))

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; raise Unavailable if no configured key opens it."""
        return unseal(json.loads(encrypted_text), _BINDING).reveal()

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code as an element for the page; it holds shapes alone."""
        drawn: str = super().build_totp_svg(url)
        return SafeString(drawn[drawn.index("<svg") :])

    def generate_authenticator_name(
        self,
        user: AbstractBaseUser,
        type: Authenticator.Type,  # noqa: A002
    ) -> str:
        """Return a name for a new passkey: Passkey, Passkey 2, …"""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """Return the host that passkeys are bound to; dialogs name the product."""
        return {**super().get_public_key_credential_rp_entity(), "name": "nsadmin"}
