"""Secrets at rest: AES-GCM with a key id, bound to where the secret may be used.

The additional data is organization, namespace, field and destination, so a sealed value
copied to another row, field or address does not open.
"""

import base64
import hmac
import json
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from nsadmin.errors import Unavailable


@dataclass(slots=True)
class Resealed:
    """Counts of secrets: resealed, already current, unreadable or just changed."""

    rotated: int = 0
    current: int = 0
    unreadable: int = 0

    @property
    def is_none(self) -> bool:
        """Whether there was no secret."""
        return not (self.rotated or self.current or self.unreadable)


@dataclass(frozen=True, slots=True)
class Binding:
    """The place of a secret; `destination` is a normalized URL such as https://h:6333."""

    internal_id: str
    namespace_id: str
    field: str
    destination: str

    def encoded(self) -> bytes:
        """Return the additional data as JSON, so that the parts cannot run together."""
        parts = [self.internal_id, self.namespace_id, self.field, self.destination]
        return json.dumps(parts, separators=(",", ":")).encode()


class Secret:
    """A plaintext that does not show itself in logs, tracebacks or templates."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def reveal(self) -> str:
        """Return the plaintext; only the client that sends it calls this."""
        return self._value


def _keys() -> dict[str, bytes]:
    entries = (entry.partition(":") for entry in settings.NSADMIN_SEAL_KEYS)
    return {key_id: base64.b64decode(encoded) for key_id, _, encoded in entries}


def _sealing_key() -> tuple[str, bytes]:
    keys = _keys()
    if not keys:
        raise Unavailable("No key to encrypt secrets is configured.")
    return next(iter(keys.items()))


def current_key_id() -> str:
    """Return the id of the key that encrypts; the other keys only decrypt."""
    return _sealing_key()[0]


def key_names() -> list[str]:
    """Return a name for each key that tells keys apart and reveals none."""
    return [
        f"{key_id}:{hmac.digest(key, b'name of a key', 'sha256').hex()[:12]}"
        for key_id, key in _keys().items()
    ]


def fingerprint(secret: Secret, binding: Binding) -> str:
    """Return 16 characters that differ for different secrets with one binding.

    They are a keyed hash, so a secret cannot be guessed from them; they change with
    the key.
    """
    key = hmac.digest(_sealing_key()[1], b"fingerprint", "sha256")
    content = binding.encoded() + b"\0" + secret.reveal().encode()
    return hmac.digest(key, content, "sha256").hex()[:16]


def seal(secret: Secret, binding: Binding) -> dict[str, str]:
    """Return {"kid", "nonce", "box"} for storage; nonce and box are in base64."""
    kid, key = _sealing_key()
    nonce = os.urandom(12)
    box = AESGCM(key).encrypt(nonce, secret.reveal().encode(), binding.encoded())
    return {
        "kid": kid,
        "nonce": base64.b64encode(nonce).decode(),
        "box": base64.b64encode(box).decode(),
    }


def unseal(sealed: object, binding: Binding) -> Secret:
    """Return the secret, or raise Unavailable; ciphertext is never returned."""
    if not isinstance(sealed, dict):
        raise Unavailable("The stored secret cannot be read. Enter it again.")
    key = _keys().get(str(sealed.get("kid")))
    if key is None:
        raise Unavailable("The key that encrypted this secret is not configured.")
    try:
        nonce = base64.b64decode(sealed["nonce"])
        box = base64.b64decode(sealed["box"])
        return Secret(AESGCM(key).decrypt(nonce, box, binding.encoded()).decode())
    except (InvalidTag, KeyError, TypeError, ValueError):
        raise Unavailable(
            "The stored secret does not belong to this address. Enter it again."
        ) from None
