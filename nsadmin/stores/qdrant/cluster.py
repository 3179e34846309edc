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
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
from django.conf import settings

from nsadmin.errors import Invalid, NsadminError, Unavailable, UpstreamError
from nsadmin.stores.seal import Secret
from nsadmin.stores.ssrf_guard import destination, guarded_transport

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_COLLECTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_VECTOR = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,199}")

TIMEOUT_S = 5
BUILD_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Cluster:
    """The address and key of a cluster; `is_shared` is true for the operator's own."""

    url: str
    api_key: Secret | None = field(default=None, repr=False, compare=False)
    is_shared: bool = True
    label: str = "shared"

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


def dedicated(url: str, api_key: Secret | None) -> Cluster:
    """Return a customer's own cluster; its address is checked at every connection."""
    place = destination(url)
    return Cluster(
        place.url, api_key, is_shared=False, label=f"{place.host}:{place.port}"
    )


def _transport(shared_cluster: bool) -> httpx.BaseTransport:  # noqa: FBT001
    """Return a transport for one client, closed when the client is garbage-collected.

    A client evicted from the cache may still be in use by another thread, so the cache
    cannot close it.
    """
    if not shared_cluster:
        return guarded_transport()
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=8)
    return httpx.HTTPTransport(limits=limits, trust_env=False)


@lru_cache(maxsize=32)
def _client(url: str, key: str | None, shared_cluster: bool) -> "QdrantClient":  # noqa: FBT001
    from qdrant_client import QdrantClient

    transport = _transport(shared_cluster)
    with warnings.catch_warnings():
        # A key over plain http is the operator's choice, made by the URL.
        warnings.filterwarnings("ignore", message="Api key is used")
        made = QdrantClient(
            url=url,
            api_key=key,
            timeout=TIMEOUT_S,
            check_compatibility=False,  # it would call out unguarded, from a thread
            trust_env=False,
            transport=transport,
        )
    weakref.finalize(made, transport.close)
    return made


def client(cluster: Cluster) -> "QdrantClient":
    """Return the shared client of this process for a cluster."""
    return _client(cluster.url, cluster.plain_key, cluster.is_shared)


@lru_cache(maxsize=32)
def _http(url: str, key: str | None, shared_cluster: bool) -> httpx.Client:  # noqa: FBT001
    transport = _transport(shared_cluster)
    made = httpx.Client(
        base_url=url,
        headers={"api-key": key} if key else {},
        timeout=httpx.Timeout(30, connect=2),
        transport=transport,
        follow_redirects=False,
        trust_env=False,
    )
    weakref.finalize(made, transport.close)
    return made


def http(cluster: Cluster) -> httpx.Client:
    """Return the plain HTTP client for bulk traffic to a cluster."""
    return _http(cluster.url, cluster.plain_key, cluster.is_shared)


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


def refusal(status: int, text: str) -> NsadminError:
    """Return the error for an answer of Qdrant that is not a success.

    Status 429 and 5xx are temporary, so they become Unavailable; others become
    UpstreamError. Only the embedded server sends 501.
    """
    if status == 429 or (status >= 500 and status != 501):
        return Unavailable(
            "Qdrant answers with an error; it may be starting or overloaded.",
            details={"store": "qdrant", "status": status, "upstream": text[:500]},
        )
    return UpstreamError(
        "Qdrant refused the call.",
        code="qdrant_refused",
        details={"store": "qdrant", "status": status, "upstream": text[:500]},
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


def _translated(failure: Exception) -> Exception:
    """Return our error for one of httpx or qdrant_client; other errors unchanged."""
    content = getattr(failure, "content", None)
    if isinstance(content, bytes):  # qdrant_client's UnexpectedResponse
        status = getattr(failure, "status_code", None) or 500
        return refusal(status, content.decode(errors="replace"))
    # qdrant_client's ResponseHandlingException wraps what httpx raised.
    source = getattr(failure, "source", failure)
    if isinstance(source, NsadminError):
        return source
    if isinstance(source, httpx.HTTPError | OSError):
        return Unavailable("Qdrant does not answer.", details={"store": "qdrant"})
    return failure
