"""One message to a webhook: signed as Standard Webhooks describes it, and sent once.

The signature is HMAC SHA-256 over `id.timestamp.body`, so a message cannot be changed,
nor sent again later: the receiver refuses an old timestamp. While a secret is replaced
a message has a signature of each. Redirects are not followed, and the body of the
answer has no meaning.

The operator's own webhook is a setting, so its address may be private. The addresses
of customers are guarded at every connection (`ssrf_guard`).
"""

import base64
import binascii
import hashlib
import hmac
import random
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import httpx

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.names import clip
from nsadmin.stores import ssrf_guard
from nsadmin.stores.name_resolution import Address, Lane, resolve
from nsadmin.stores.qdrant.answers import AnswerTooLarge, MalformedAnswer
from nsadmin.stores.qdrant.transport import MOST_BYTES, ClusterTransport

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - every secret begins with it
Transport = httpx.BaseTransport
# The seconds after each failed attempt; after the last one a message is given up.
PAUSES: Final = (15, 60, 300, 1800, 7200, 21_600, 43_200, 86_400)
# Each pause is longer by a random share of up to this, so that not all return at once.
_JITTER: Final = 0.25
_LEAST_KEY, _NEW_KEY, _MOST_KEY = 24, 32, 64
_MOST_ANSWER: Final = 16 * 1024
# The characters of an answer that are told to people.
MOST_TOLD: Final = 500
DEADLINE_S: Final = 10.0


def new_secret() -> str:
    """Return a new random secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_NEW_KEY)).decode()


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


def pause_s(attempts: int) -> float | None:
    """Return the seconds after so many failed attempts; None if that was the last."""
    if attempts > len(PAUSES):
        return None
    return PAUSES[attempts - 1] * random.uniform(1, 1 + _JITTER)  # noqa: S311


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its id, the same at each attempt; the time of this one; its body."""

    message_id: str
    timestamp: int
    body: bytes

    def headers(self, *keys: bytes) -> dict[str, str]:
        """Return the three headers of the message, with a signature by each key."""
        signed = f"{self.message_id}.{self.timestamp}.".encode() + self.body
        digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
        return {
            "webhook-id": self.message_id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": " ".join(
                f"v1,{base64.b64encode(digest).decode()}" for digest in digests
            ),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of an answer and the first characters of its body."""

    status: int
    start: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the message was taken."""
        return httpx.codes.is_success(self.status)


def send(url: str, secret: str, message: Message) -> None:
    """Send a message to the operator's webhook; return if the answer's status is 2xx.

    Raises Unavailable, with a message that names no address, for any other answer, for
    none within the deadline, and for a secret that is not valid.
    """
    key = key_of(secret)
    if key is None:
        raise _failed("has no valid secret")
    answer = post(_operator(), url, message.headers(key), message.body)
    if not answer.is_success:
        raise refusal(answer)


def refusal(answer: Answer) -> Unavailable:
    """Return the error of an answer that is no success."""
    is_elsewhere = httpx.codes.is_redirect(answer.status)
    more = "; redirects are not followed" if is_elsewhere else ""
    return _failed(f"answered with HTTP {answer.status}{more}")


def post(
    transport: Transport, url: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """Post JSON once and return the answer, whatever its status.

    Raises Unavailable, with a message that names no address, if there is no whole
    answer within the deadline or the address may not be connected to.
    """
    request = httpx.Request(
        "POST",
        url,
        content=body,
        headers={
            **headers,
            "content-type": "application/json",
            "user-agent": "nsadmin",
        },
        extensions={
            MOST_BYTES: _MOST_ANSWER,
            "timeout": httpx.Timeout(DEADLINE_S).as_dict(),
        },
    )
    try:
        response = transport.handle_request(request)
    except AnswerTooLarge:  # only the body of a success is read that far
        return Answer(httpx.codes.OK)
    except MalformedAnswer:
        raise _failed("sent an answer that is not accepted") from None
    except httpx.TimeoutException:
        raise _failed(f"did not answer within {DEADLINE_S:.0f} s") from None
    except NsadminError as failure:
        raise _failed(_REASONS.get(failure.code, _UNRESOLVED)) from None
    except (httpx.HTTPError, OSError):
        raise _failed("could not be reached") from None
    start = response.content[: 4 * MOST_TOLD].decode(errors="replace")
    return Answer(response.status_code, clip(start, MOST_TOLD))


_UNRESOLVED: Final = "has a name without an address"
_REASONS: Final = {
    "qdrant_slow": "answered too slowly",
    "address_refused": "has an address that is not allowed",
}


def _failed(words: str) -> Unavailable:
    return Unavailable(f"The webhook {words}.", code="webhook_failed")


@lru_cache(maxsize=1)
def _operator() -> ClusterTransport:
    def addresses(host: str, port: int, left_s: float) -> list[Address]:
        return resolve(host, port, lane=Lane.OPERATOR, within_s=left_s)

    return ClusterTransport(addresses)


def to_customer(organization_id: str) -> AbstractContextManager[Transport]:
    """Return a transport to the addresses that an organization may use.

    Its connections last until the end of the block.
    """

    def addresses(host: str, port: int, left_s: float) -> list[Address]:
        return ssrf_guard.checked_addresses(
            host,
            port,
            organization_id=organization_id,
            within_s=left_s,
            use=ssrf_guard.Use.WEBHOOK,
        )

    return _Closing(addresses)


class _Closing(ClusterTransport):
    """A transport whose connections are closed with it."""

    def close(self) -> None:
        self.pool.close()
