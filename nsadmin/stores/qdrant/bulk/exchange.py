"""One exchange with a cluster about points: what is too large, forbidden or too soon.

Every call to points goes through here, so all of them wait for rate limits, name the
limits of strict mode, and stop reading an answer that is too large.
"""

import re
from typing import Any, Final

import httpx
import orjson
from django.conf import settings

from nsadmin.errors import NsadminError, UpstreamError
from nsadmin.stores.qdrant import answers
from nsadmin.stores.qdrant import cluster as clusters
from nsadmin.stores.qdrant.bulk import rate_limits, strict_mode
from nsadmin.stores.qdrant.cluster import Cluster, translate_errors
from nsadmin.stores.qdrant.transport import MOST_BYTES

Json = dict[str, Any]

_TOO_LARGE: Final = re.compile(
    r"payload too large|larger than allowed|payload reached size limit"
    r"|request entity too large|body too large|length limit exceeded",
    re.IGNORECASE,
)
_STATED_LIMIT: Final = re.compile(r"limit: (\d{1,15}) bytes")
_MIB: Final = 1024 * 1024


class BodyTooLarge(UpstreamError):
    """The cluster does not take a body of this size; `limit` in bytes if it says so."""

    default_code = "body_too_large"

    def __init__(self, limit: int | None, text: str) -> None:
        super().__init__(
            "Qdrant does not take a request of this size.",
            details={"store": "qdrant", "status": 413, "answer": text[:500]},
        )
        self.limit = limit


def call(
    cluster: Cluster,
    method: str,
    path: str,
    body: Json | bytes | None = None,
    *,
    timeout_s: float | None = None,
    most_bytes: int | None = None,
) -> Any:
    """Send a request and return the `result` of the answer.

    `most_bytes` of an answer are read; without it, as many as of any answer on points.

    Within `rate_limits.waited_for` it is repeated after answers 429. Raises
    AnswerTooLarge, BodyTooLarge, StrictModeRefusal, RateLimitReached, Unavailable, or
    UpstreamError for any other refusal.
    """
    return answers.result(
        content(cluster, method, path, body, timeout_s=timeout_s, most_bytes=most_bytes)
    )


def content(
    cluster: Cluster,
    method: str,
    path: str,
    body: Json | bytes | None = None,
    *,
    timeout_s: float | None = None,
    most_bytes: int | None = None,
) -> bytes:
    """Like `call`; return the whole answer undecoded."""
    sent = orjson.dumps(body) if isinstance(body, dict) else body
    return rate_limits.patiently(
        lambda: _exchange(
            cluster,
            method,
            path,
            content=sent,
            timeout_s=timeout_s,
            most_bytes=most_bytes,
        )
    )


def _exchange(
    cluster: Cluster,
    method: str,
    path: str,
    *,
    content: bytes | None,
    timeout_s: float | None,
    most_bytes: int | None,
) -> bytes:
    most = settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES
    timeout = httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s
    with translate_errors():
        answer = clusters.http(cluster).request(
            method,
            path,
            content=content,
            headers={"content-type": "application/json"},
            timeout=timeout,
            extensions={MOST_BYTES: min(most, most_bytes or most)},
        )
    if answer.status_code == 200:
        return answer.content
    text = answer.content.decode(errors="replace")
    raise refusal(answer.status_code, text, answer.headers.get("retry-after"))


def refusal(status: int, text: str, retry_after: str | None) -> NsadminError:
    """Return the error for an answer that is not a success."""
    if status == 413 or (status == 400 and _TOO_LARGE.search(text)):
        stated = _STATED_LIMIT.search(text)
        return BodyTooLarge(int(stated[1]) if stated else None, text)
    if status == 429:
        return rate_limits.refusal(_message(text), retry_after)
    if status in (400, 403):
        forbidden = strict_mode.refusal(_message(text))
        if forbidden is not None:
            return forbidden
    return clusters.refusal(status, text)


def _message(text: str) -> str:
    """Return the message in an error of Qdrant, or the text as it is."""
    try:
        return str(orjson.loads(text)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return text


def megabytes(size: int) -> str:
    """Return a number of bytes as text such as 32 MB or 0.4 MB."""
    amount = f"{size / _MIB:,.1f}".removesuffix(".0")
    return f"{amount} MB" if size >= _MIB // 10 else f"{size:,} bytes"
