"""Codes of second factors that were used: each counts once.

allauth keeps its mark of a used code for one period of an app, but a code is valid for
longer, since clocks differ and typing takes time (`MFA_TOTP_TOLERANCE`).
"""

from hashlib import sha256

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from django.core.cache import cache

from nsadmin.access.models import User


def is_used(user: User, code: str) -> bool:
    """Return whether the person used the code while it is valid."""
    return cache.get(_key(user, code)) is not None


def use(user: User, code: str) -> bool:
    """Mark a valid code as used; False if another request did so before."""
    periods = 2 * app_settings.TOTP_TOLERANCE + 1
    valid_for_s = app_settings.TOTP_PERIOD * periods
    return bool(cache.add(_key(user, code), 1, valid_for_s))


def _key(user: User, code: str) -> str:
    """Return the key of a code, however it was grouped; the code cannot be read."""
    text = f"{user.pk}:{normalize_user_code(code)}"
    return f"used-code:{sha256(text.encode()).hexdigest()}"
