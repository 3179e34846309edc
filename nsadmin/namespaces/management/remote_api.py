"""The API of another machine, called with an API key."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from nsadmin.errors import Invalid, Unavailable

_TIMEOUT_S = 60
# A page of documents has up to 32 MiB.
_MAX_BYTES = 64 << 20
_LOCAL: Final = ("127.0.0.1", "::1", "localhost")


class _NoRedirects(HTTPRedirectHandler):
    """Follows no redirect: the key would go to another address."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Let the answer be an error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any status, with its whole body."""

    status: int
    headers: Message
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the API did what it was asked for."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the value of the body; raise Unavailable if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            message = "The address answers, but is no API of nsadmin."
            raise Unavailable(message) from None


@dataclass(frozen=True, slots=True)
class RemoteApi:
    """The API of an nsadmin at `url`, called with a key."""

    url: str
    key: str

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request with a body in JSON; return its answer, a refusal as well.

        Raises Unavailable if none comes within a minute or it is too large, Invalid
        for an address or a header that cannot be used.
        """
        all_headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        if body is not None:
            all_headers["Content-Type"] = "application/json"
        _check(all_headers)
        asked = f"?{urlencode(query, errors='surrogateescape')}" if query else ""
        request = Request(  # noqa: S310 - `address` allows http and https alone
            f"{address(self.url)}{path}{asked}",
            data=body,
            headers=all_headers,
            method=method,
        )
        try:
            try:
                with _opener(self.url).open(request, timeout=_TIMEOUT_S) as response:
                    return _whole(response, response.status)
            except HTTPError as refused:
                with refused:
                    return _whole(refused, refused.code)
        except (URLError, TimeoutError, HTTPException, ConnectionError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise Unavailable(f"{self.url} does not answer: {reason}.") from None
        except UnicodeError:
            raise Invalid(f"{self.url} is no address that can be asked.") from None


def address(url: str) -> str:
    """Return the base of the API; raise Invalid for one that would reveal the key."""
    message = "The address must begin with https://; http:// is for this machine."
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Invalid(message) from None
    is_local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not parts.hostname or not (parts.scheme == "https" or is_local):
        raise Invalid(message)
    return (
        f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"
    )


def checked_key(text: str, where: str) -> str:
    """Return the API key in a text that was read from `where`.

    Raises Invalid for what is no key, without its content: it may be another secret.
    """
    key = text.strip()
    if not re.fullmatch("[!-~]+", key):
        message = f"{where} is no API key: one line without spaces, in ASCII."
        raise Invalid(message)
    return key


def _check(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not re.fullmatch("[ -~]+", value):
            raise Invalid(f"{name} must have visible ASCII characters alone.")


def _opener(url: str) -> OpenerDirector:
    # A proxy would be told the key that http may carry on this machine alone.
    proxies = [ProxyHandler({})] if urlsplit(url).scheme == "http" else []
    return build_opener(_NoRedirects, *proxies)


def _whole(response: HTTPResponse | HTTPError, status: int) -> Answer:
    body = response.read(_MAX_BYTES + 1)
    if len(body) > _MAX_BYTES:
        message = f"The answer has over {_MAX_BYTES >> 20} MiB: ask for less at once."
        raise Unavailable(message)
    return Answer(status, response.headers, body)
