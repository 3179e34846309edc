"""Identifiers derived from names, so that they are equal on every machine."""

import hashlib
import string
from typing import Final
from uuid import UUID, uuid5

# Fixed for ever: changing it would give every demo record a new identity.
SPACE: Final = UUID("5f1c7f0e-6d0f-5a4b-9a53-1f0c0c0c7d11")

_ALPHABET: Final = string.digits + string.ascii_lowercase


def stable_id(prefix: str, *parts: str, length: int = 12) -> str:
    """`prefix_` and alphanumerics derived from the parts (`col_` ids have 10)."""
    digest = hashlib.blake2b("\x1f".join((prefix, *parts)).encode()).digest()
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return f"{prefix}_{''.join(letters)}"


def stable_uuid(*parts: str) -> str:
    """A UUIDv5 derived from the parts."""
    return str(uuid5(SPACE, "\x1f".join(parts)))


def shuffle_key(*parts: str) -> int:
    """A number that shuffles records the same way each time."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
