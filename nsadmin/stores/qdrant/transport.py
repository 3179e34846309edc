"""The transport under every call to a cluster: what one call may take and bring.

The time limit of a call is its wall-clock deadline: it covers the name, the connection,
TLS, the request, the headers and the body, however slowly each of them comes. An answer
is read whole up to a number of bytes, or piece by piece if the request says so, and
never unpacked. Redirects are not followed.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpcore
import httpx
from django.conf import settings

from nsadmin import meters
from nsadmin.errors import Unavailable
from nsadmin.stores.qdrant.answers import AnswerTooLarge, MalformedAnswer
from nsadmin.stores.qdrant.connections import Addresses, Backend, Call

if TYPE_CHECKING:
    import ssl

# Keys in a request's extensions. MOST_BYTES: the most bytes that its answer may have.
# DOWNLOAD: the answer, if it is 200, is read piece by piece, within a `Download`.
# UPLOAD: the seconds within which the peer has to take some of the body.
MOST_BYTES = "nsadmin_most_bytes"
DOWNLOAD = "nsadmin_download"
UPLOAD = "nsadmin_upload"
_CONNECTIONS = httpx.Limits(max_connections=16, max_keepalive_connections=8)
_MOST_OF_A_REFUSAL = 64 * 1024
# Other headers of an answer have no meaning for us. A charset is one of them: it may
# name a packing, which would be unpacked.
_KEPT_HEADERS = ("retry-after",)


@dataclass(frozen=True, slots=True)
class Download:
    """What a streamed answer may have in bytes, and the longest wait for some of them.

    The call's deadline holds until its last byte.
    """

    most_bytes: int
    stall_s: float


@cache
def _tls(ca_file: str) -> "ssl.SSLContext":
    """Return the TLS context, made once: reading the certificates takes a while.

    It trusts the public authorities, and those of the file.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


class ClusterTransport(httpx.BaseTransport):
    """A transport to one cluster, for clients of httpx.

    `addresses` names the addresses that may be connected to; TLS still names the host,
    so a certificate is checked against the name. `ca_file` holds the certificates of a
    private authority, which is trusted as public ones are. Several clients may share a
    transport, so closing one of them closes no connection; `pool.close` does. Metrics
    count its calls as those of `counted_as`.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        ca_file: str = "",
        counted_as: meters.Cluster | None = None,
    ) -> None:
        self._counted_as = counted_as
        self._inner = httpx.HTTPTransport(
            verify=_tls(ca_file), trust_env=False, retries=0, limits=_CONNECTIONS
        )
        self.pool: httpcore.ConnectionPool = self._inner._pool  # noqa: SLF001
        # httpx has no public way to give a backend.
        self.pool._network_backend = Backend(addresses)  # noqa: SLF001

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, read whole unless it is a download.

        Raises Unavailable, AnswerTooLarge, MalformedAnswer, what the addresses raise,
        or an error of httpx.
        """
        call = _call(request)
        with meters.qdrant_call(self._counted_as) as answered:
            with call.current(), _errors_of(call):
                response = self._exchange(request, call)
            answered.status = response.status_code
        return response

    def _exchange(self, request: httpx.Request, call: Call) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if answer.status_code == httpx.codes.OK and DOWNLOAD in request.extensions:
            return _streamed(answer, request, call)
        with closing(answer):
            _require_plain(answer)
            if answer.status_code == httpx.codes.OK:
                body = _read(answer, _most_bytes(request))
            else:
                body = _read_start(answer)
        kept = {n: answer.headers[n] for n in _KEPT_HEADERS if n in answer.headers}
        return httpx.Response(
            answer.status_code, headers=kept, content=body, request=request
        )


def _call(request: httpx.Request) -> Call:
    """Return the call that a request begins, with its limits."""
    limit = request.extensions.get("timeout", {}).get("read")
    seconds = settings.NSADMIN_CLUSTER_DEADLINE_S if limit is None else limit
    # The pool's own waits are bounded by it as well.
    request.extensions["timeout"] = dict.fromkeys(
        ("connect", "read", "write", "pool"), seconds
    )
    request.headers["Accept-Encoding"] = "identity"
    download: Download | None = request.extensions.get(DOWNLOAD)
    return Call(
        until=time.monotonic() + seconds,
        read_stall_s=download.stall_s if download else None,
        write_stall_s=request.extensions.get(UPLOAD),
        listens=UPLOAD in request.extensions,
    )


@contextmanager
def _errors_of(call: Call) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException:
        if call.received:
            raise slow_answer() from None
        raise
    except httpx.RemoteProtocolError:
        if call.received and not call.is_closed_by_peer:
            raise MalformedAnswer.of("it is not HTTP") from None
        raise


def _require_plain(answer: httpx.Response) -> None:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise MalformedAnswer.of("it is packed, which was not asked for")


def _most_bytes(request: httpx.Request) -> int:
    most = request.extensions.get(MOST_BYTES)
    return int(settings.NSADMIN_CLUSTER_MAX_BYTES if most is None else most)


def _read(answer: httpx.Response, most: int) -> bytes:
    return b"".join(_bounded(answer, most))


def _bounded(answer: httpx.Response, most: int) -> Iterator[bytes]:
    """Yield the parts of an answer; raise AnswerTooLarge before one is too much."""
    told = answer.headers.get("content-length", "")
    if told.isdecimal() and len(told) < 20 and int(told) > most:
        raise AnswerTooLarge.of(most)
    size = 0
    for part in answer.iter_raw():
        size += len(part)
        if size > most:
            raise AnswerTooLarge.of(most)
        yield part


def _read_start(answer: httpx.Response) -> bytes:
    """Return the start of a refusal, which is enough for its message."""
    read = bytearray()
    for part in answer.iter_raw():
        read += part
        if len(read) >= _MOST_OF_A_REFUSAL:
            break
    return bytes(read[:_MOST_OF_A_REFUSAL])


def _streamed(
    answer: httpx.Response, request: httpx.Request, call: Call
) -> httpx.Response:
    """Return an answer whose body is still to be read."""
    try:
        _require_plain(answer)
        told = {"content-length", "transfer-encoding"} & set(answer.headers)
        if not told:
            # An answer that lasts until the connection ends may be cut unnoticed.
            raise MalformedAnswer.of("its end cannot be told")
    except MalformedAnswer:
        answer.close()
        raise
    most = request.extensions[DOWNLOAD].most_bytes
    return httpx.Response(200, stream=_Body(answer, call, most), request=request)


class _Body(httpx.SyncByteStream):
    """The body of a streamed answer; the limits of its call hold until its end."""

    def __init__(self, answer: httpx.Response, call: Call, most: int) -> None:
        self._answer = answer
        self._call = call
        self._parts = _bounded(answer, most)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            # The limits hold within this step only: between two of them the thread
            # may act for another call.
            with self._call.current(), _errors_of(self._call):
                part = next(self._parts, None)
            if part is None:
                return
            yield part

    def close(self) -> None:
        self._answer.close()


def slow_answer() -> Unavailable:
    """Return the error of an answer that began, but was not whole at the deadline."""
    return Unavailable(
        "Qdrant answers too slowly.", code="qdrant_slow", details={"store": "qdrant"}
    )
