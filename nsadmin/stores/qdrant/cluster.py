"""A Qdrant cluster: its address and key, and the clients that call it.

qdrant_client is imported when the first client is made: it takes more than a second,
and most commands never need it.
"""

import re
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import httpx
from django.conf import settings
from pydantic import ValidationError

from nsadmin.errors import Invalid, NsadminError, Unavailable, UpstreamError
from nsadmin.stores.name_resolution import Address, Lane, resolve
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.transport import ClusterTransport
from nsadmin.stores.seal import Secret
from nsadmin.stores.ssrf_guard import checked_addresses, destination, require_own

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_COLLECTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_VECTOR = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,199}")
# The limit of a request in the words of its web server.
_LIMIT: Final = re.compile(r"limit: (\d{1,15}) bytes")

TIMEOUT_S = 5
BUILD_TIMEOUT_S = 600
_MOST_CLUSTERS = 256
_READING_ERRORS = (ValueError, TypeError, LookupError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The address and key of a cluster; `is_shared` is true for the operator's own.

    `organization_id` is for whom a dedicated one is dialled: the operator may list
    private addresses for some organizations only.
    """

    url: str
    api_key: Secret | None = field(default=None, repr=False, compare=False)
    is_shared: bool = True
    label: str = "shared"
    organization_id: str = field(default="", compare=False)

    @property
    def plain_key(self) -> str | None:
        """The key in plain, for the client that sends it."""
        return self.api_key.reveal() if self.api_key else None


def shared() -> Cluster:
    """Return the cluster of NSADMIN_QDRANT_URL."""
    key = settings.NSADMIN_QDRANT_API_KEY
    return Cluster(
        settings.NSADMIN_QDRANT_URL.rstrip("/"), Secret(key) if key else None
    )


def dedicated(
    url: str, api_key: Secret | None, *, organization_id: str = ""
) -> Cluster:
    """Return a customer's own cluster; its address is checked at every connection.

    Raises Invalid for an address that the operator lists for other organizations.
    """
    place = destination(url)
    require_own(place.host, place.port, organization_id)
    return Cluster(
        place.url,
        api_key,
        is_shared=False,
        label=f"{place.host}:{place.port}",
        organization_id=organization_id,
    )


@lru_cache(maxsize=_MOST_CLUSTERS)
def _transport(url: str, organization_id: str | None) -> ClusterTransport:
    """Return the transport to a cluster, which all its clients use, whatever the key.

    `organization_id` is None for the operator's own cluster. The transport is closed
    when it is garbage-collected: one that is evicted from the cache may still be in use
    by another thread, so the cache cannot close it.
    """
    del url

    def addresses(host: str, port: int, left_s: float) -> list[Address]:
        if organization_id is None:
            return resolve(host, port, lane=Lane.OPERATOR, within_s=left_s)
        return checked_addresses(
            host, port, organization_id=organization_id, within_s=left_s
        )

    made = ClusterTransport(
        addresses,
        ca_file=settings.NSADMIN_QDRANT_CA_FILE,
        counted_as="shared" if organization_id is None else "dedicated",
    )
    weakref.finalize(made, made.pool.close)
    return made


def _transport_to(cluster: Cluster) -> ClusterTransport:
    is_shared = cluster.is_shared
    return _transport(cluster.url, None if is_shared else cluster.organization_id)


# A client is one of a key; the connections are its transport's.
@lru_cache(maxsize=2 * _MOST_CLUSTERS)
def _client(transport: ClusterTransport, url: str, key: str | None) -> "QdrantClient":
    from qdrant_client import QdrantClient

    with warnings.catch_warnings():
        # A key over plain http is the operator's choice, made by the URL.
        warnings.filterwarnings("ignore", message="Api key is used")
        return QdrantClient(
            url=url,
            api_key=key,
            timeout=TIMEOUT_S,
            check_compatibility=False,  # it would call out unguarded, from a thread
            trust_env=False,
            transport=transport,
        )


def client(cluster: Cluster) -> "QdrantClient":
    """Return the shared client of this process for a cluster."""
    return _client(_transport_to(cluster), cluster.url, cluster.plain_key)


@lru_cache(maxsize=2 * _MOST_CLUSTERS)
def _http(transport: ClusterTransport, url: str, key: str | None) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        headers={"api-key": key} if key else {},
        timeout=None,  # noqa: S113 - the transport has a deadline for every call
        transport=transport,
        follow_redirects=False,
        trust_env=False,
    )


def http(cluster: Cluster) -> httpx.Client:
    """Return the plain HTTP client for bulk traffic to a cluster.

    A call without a timeout ends within NSADMIN_CLUSTER_DEADLINE_S.
    """
    return _http(_transport_to(cluster), cluster.url, cluster.plain_key)


def collection_name(name: str) -> str:
    """Return the name if it is safe in a URL path, else raise Invalid."""
    if not _COLLECTION.fullmatch(name) or name in (".", ".."):
        raise Invalid("The collection name contains characters that are not allowed.")
    return name


def vector_name(name: str) -> str:
    """Return the vector name if it is safe in a URL path, else raise Invalid."""
    if not _VECTOR.fullmatch(name) or name in (".", ".."):
        raise Invalid("The vector name contains characters that are not allowed.")
    return name


def field_name(name: str) -> str:
    """Return the field name as one escaped segment of a URL path, or raise Invalid.

    Other programs may have made indexes on names that our forms refuse. These indexes
    can still be dropped, so unusual characters are escaped, not refused.
    """
    if not name or set(name) <= {"."} or len(name) > 255:
        raise Invalid("The field name is not allowed.")
    return quote(name, safe="")


def _told(text: str) -> str:
    return text[:500].replace("\0", "\ufffd")


def _sentence(status: int, text: str) -> str:
    """Return our sentence for a refusal; what Qdrant said itself stands beside it."""
    if status in (401, 403):
        return "Qdrant refused the key."
    if status == 413 or "larger than allowed" in text:
        limit = _LIMIT.search(text)
        mib = int(limit[1]) // 1024**2 if limit else 0
        over = f"over {mib} MiB" if mib else "larger than it accepts"
        return f"Qdrant refused a batch: {over}."
    return "Qdrant refused the call."


def refusal(status: int, text: str) -> NsadminError:
    """Return the error for an answer of Qdrant that is not a success.

    Status 429 and 5xx are temporary, so they become Unavailable; others become
    UpstreamError. Only the embedded server sends 501.
    """
    if status == 429 or (status >= 500 and status != 501):
        is_full = "no space left" in text.casefold()
        return Unavailable(
            "Qdrant has no disk space left."
            if is_full
            else "Qdrant answers with an error; it may be starting or overloaded.",
            details={"store": "qdrant", "status": status, "upstream": _told(text)},
        )
    return UpstreamError(
        _sentence(status, text),
        code="qdrant_refused",
        details={"store": "qdrant", "status": status, "upstream": _told(text)},
    )


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn errors of httpx and qdrant_client into Unavailable or UpstreamError."""
    try:
        yield
    except NsadminError:
        raise
    except Exception as failure:  # noqa: BLE001 - translated, and raised
        raise _translated(failure) from None


@contextmanager
def translate_client_errors() -> Iterator[None]:
    """Like `translate_errors`, around one call of qdrant_client and nothing else.

    The client reads answers without judging them: what it raises for a value that it
    did not expect becomes MalformedAnswer.
    """
    try:
        with translate_errors():
            yield
    except (*_READING_ERRORS, RecursionError):
        raise MalformedAnswer.of("qdrant_client cannot read it") from None


def _translated(failure: Exception) -> Exception:
    """Return our error for one of httpx or qdrant_client; other errors unchanged."""
    content = getattr(failure, "content", None)
    if isinstance(content, bytes):  # qdrant_client's UnexpectedResponse
        status = getattr(failure, "status_code", None) or 500
        return refusal(status, content.decode(errors="replace"))
    # qdrant_client's ResponseHandlingException wraps what httpx or pydantic raised.
    source = getattr(failure, "source", failure)
    if isinstance(source, NsadminError):
        return source
    if isinstance(source, ValidationError):
        return MalformedAnswer.of("qdrant_client cannot read it")
    if isinstance(source, httpx.HTTPError | OSError):
        return Unavailable("Qdrant does not answer.", details={"store": "qdrant"})
    return failure
