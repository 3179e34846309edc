"""Calls to identity providers, bounded in time and bytes.

allauth calls providers by a session of `requests`; this one sends over the transport
with deadlines that the clusters have too. The addresses are settings of the operator,
or what a provider of the operator names, so they may be private. Redirects are not
followed.
"""

from functools import lru_cache
from typing import Any, Final

import httpx
import requests
from requests.adapters import BaseAdapter

from nsadmin.errors import NsadminError
from nsadmin.stores.name_resolution import Address, Lane, resolve
from nsadmin.stores.qdrant.transport import MOST_BYTES, ClusterTransport

Session = requests.Session
CallFailed = requests.RequestException
DEADLINE_S: Final = 5.0
MOST_ANSWER_BYTES: Final = 1 << 20


def session() -> Session:
    """Return a session; each call raises CallFailed if it is late or too large."""
    made = requests.Session()
    made.trust_env = False  # neither proxies nor .netrc of the machine
    made.max_redirects = 0
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Bounded())
    return made


def fetched(url: str) -> bytes:
    """Return what a GET answers; raise CallFailed unless that is 200."""
    with session() as asked:
        answer = asked.get(url, allow_redirects=False)
    if answer.status_code != httpx.codes.OK:
        raise requests.HTTPError("The identity provider does not answer with 200.")
    return bytes(answer.content)


class _Bounded(BaseAdapter):
    """Sends each prepared request over the bounded transport."""

    def send(
        self,
        request: requests.PreparedRequest,
        *_arguments: Any,
        **_options: Any,
    ) -> requests.Response:
        """Return the answer, read whole; raise ConnectionError without one."""
        prepared = request
        body = prepared.body
        headers = {
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in prepared.headers.items()
        }
        sent = httpx.Request(
            prepared.method or "GET",
            prepared.url or "",
            headers=headers,
            content=body if isinstance(body, str | bytes) else None,
            extensions={
                MOST_BYTES: MOST_ANSWER_BYTES,
                "timeout": httpx.Timeout(DEADLINE_S).as_dict(),
            },
        )
        try:
            found = _transport().handle_request(sent)
        except (httpx.HTTPError, NsadminError, OSError) as failure:
            name = type(failure).__name__
            raise requests.ConnectionError(f"No answer is accepted: {name}.") from None
        return _answer(prepared, found)

    def close(self) -> None:
        """Keep the connections, which the process shares."""


def _answer(
    prepared: requests.PreparedRequest, found: httpx.Response
) -> requests.Response:
    """Return the answer for allauth, which reads all of them as JSON."""
    made = requests.Response()
    made.status_code = found.status_code
    made.url, made.request = prepared.url or "", prepared
    made.headers["content-type"] = "application/json"
    made.encoding = "utf-8"
    made._content = found.content  # noqa: SLF001 - there is no public way to set it
    return made


@lru_cache(maxsize=1)
def _transport() -> ClusterTransport:
    def addresses(host: str, port: int, left_s: float) -> list[Address]:
        return resolve(host, port, lane=Lane.OPERATOR, within_s=left_s)

    return ClusterTransport(addresses)
