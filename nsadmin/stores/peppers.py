"""The peppers: secrets of the environment that key every keyed hash.

NSADMIN_KEY_PEPPER holds one or several, separated by commas. The first keys new hashes,
all of them verify. A comma that belongs to a pepper is written with a backslash before
it.
"""

import hmac
import re

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_SEPARATOR = re.compile(r"(?<!\\),")


def peppers() -> list[str]:
    """Return every configured pepper; the first one keys what is new."""
    given: str = settings.NSADMIN_KEY_PEPPER
    return [part.replace("\\,", ",") for part in _SEPARATOR.split(given) if part]


def hashes(text: str, *, purpose: bytes = b"") -> list[str]:
    """Return the keyed hash of a text under each pepper, 64 hexadecimal digits each.

    With a purpose the key is derived from pepper and purpose, so that hashes of two
    purposes never agree. Raises ImproperlyConfigured without a pepper.
    """
    given = peppers()
    if not given:
        raise ImproperlyConfigured("NSADMIN_KEY_PEPPER is not set.")
    return [_hash(pepper, text, purpose) for pepper in given]


def keyed_hash(text: str, *, purpose: bytes = b"") -> str:
    """Return `hashes` under the first pepper alone."""
    given = peppers()
    if not given:
        raise ImproperlyConfigured("NSADMIN_KEY_PEPPER is not set.")
    return _hash(given[0], text, purpose)


def names() -> list[str]:
    """Return a name of 12 characters for each pepper, which does not reveal it."""
    return [name_of(pepper) for pepper in peppers()]


def name_of(pepper: str) -> str:
    """Return the name of a pepper: the beginning of a hash under it."""
    return _hash(pepper, "", b"nsadmin name of a pepper")[:12]


def _hash(pepper: str, text: str, purpose: bytes) -> str:
    key = pepper.encode()
    if purpose:
        key = hmac.digest(key, purpose, "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
