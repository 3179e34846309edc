"""One signed message to the operator's own webhook, as Standard Webhooks describes it.

The signature is HMAC SHA-256 over `id.timestamp.body`, so a message cannot be changed,
nor sent again later: the receiver refuses an old timestamp. The address is a setting of
the operator, so it may be private. Redirects are not followed, and the answer's body
has no meaning.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import httpx

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.stores.name_resolution import Address, Lane, resolve
from nsadmin.stores.qdrant.answers import AnswerTooLarge, MalformedAnswer
from nsadmin.stores.qdrant.transport import MOST_BYTES, ClusterTransport

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - every secret begins with it
_LEAST_KEY, _MOST_KEY = 24, 64
_MOST_ANSWER: Final = 16 * 1024
_DEADLINE_S: Final = 10.0


def key_of(secret: str) -> bytes | None:
    """Return the key of a secret, `whsec_` and base64 of 24 to 64 bytes; else None."""
    if not secret.startswith(SECRET_PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _LEAST_KEY <= len(key) <= _MOST_KEY else None


def is_address(url: str, *, insecure: bool = False) -> bool:
    """Tell whether this is the URL of a webhook: https, or http where it is allowed."""
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    is_plain = parts.username is None and parts.password is None and not parts.fragment
    schemes = ("https", "http") if insecure else ("https",)
    return has_place and is_plain and parts.scheme in schemes


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its id, the same at each attempt; the time of this one; its body."""

    message_id: str
    timestamp: int
    body: bytes

    def headers(self, key: bytes) -> dict[str, str]:
        """Return the three headers of the signed message."""
        signed = f"{self.message_id}.{self.timestamp}.".encode() + self.body
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        return {
            "webhook-id": self.message_id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }


def send(url: str, secret: str, message: Message) -> None:
    """Send a message once; return if the answer's status is 2xx.

    Raises Unavailable, with a message that names no address, for any other answer, for
    none within the deadline, and for a secret that is not valid.
    """
    key = key_of(secret)
    if key is None:
        raise _failed("has no valid secret")
    try:
        status = _transport().handle_request(_request(url, key, message)).status_code
    except AnswerTooLarge:
        return  # only the body of a success is read that far
    except MalformedAnswer:
        raise _failed("sent an answer that is not accepted") from None
    except httpx.TimeoutException:
        raise _failed(f"did not answer within {_DEADLINE_S:.0f} s") from None
    except NsadminError as failure:
        is_late = failure.code == "qdrant_slow"
        words = "answered too slowly" if is_late else "has a name without an address"
        raise _failed(words) from None
    except (httpx.HTTPError, OSError):
        raise _failed("could not be reached") from None
    if not httpx.codes.is_success(status):
        raise _failed(f"answered with HTTP {status}")


def _request(url: str, key: bytes, message: Message) -> httpx.Request:
    return httpx.Request(
        "POST",
        url,
        content=message.body,
        headers={
            **message.headers(key),
            "content-type": "application/json",
            "user-agent": "nsadmin",
        },
        extensions={
            MOST_BYTES: _MOST_ANSWER,
            "timeout": httpx.Timeout(_DEADLINE_S).as_dict(),
        },
    )


def _failed(words: str) -> Unavailable:
    return Unavailable(f"The webhook {words}.", code="webhook_failed")


@lru_cache(maxsize=1)
def _transport() -> ClusterTransport:
    def addresses(host: str, port: int, left_s: float) -> list[Address]:
        return resolve(host, port, lane=Lane.OPERATOR, within_s=left_s)

    return ClusterTransport(addresses)
