"""The transport under every call to a cluster: what one call may take and bring.

The time limit of a call is its wall-clock deadline: it covers the name, the connection,
TLS, the request, the headers and the body, however slowly each of them comes. An answer
is read whole up to a number of bytes, and never unpacked. Redirects are not followed.
"""

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
from django.conf import settings

from nsadmin.errors import Unavailable
from nsadmin.stores.name_resolution import Address
from nsadmin.stores.qdrant.answers import AnswerTooLarge, MalformedAnswer

if TYPE_CHECKING:
    import ssl

# The key in a request's extensions: the most bytes that its answer may have.
MOST_BYTES = "nsadmin_most_bytes"
_CONNECTIONS = httpx.Limits(max_connections=16, max_keepalive_connections=8)
_MOST_OF_A_REFUSAL = 64 * 1024
# Other headers of an answer have no meaning for us. A charset is one of them: it may
# name a packing, which would be unpacked.
_KEPT_HEADERS = ("retry-after",)

# (host, port, seconds left) -> the addresses that may be connected to
Addresses = Callable[[str, int, float], list[Address]]


@dataclass(slots=True)
class _Call:
    """The call that this thread makes now."""

    until: float
    received: int = 0
    is_closed_by_peer: bool = False

    def left(self, late: type[Exception]) -> float:
        """Return the seconds that are left; raise `late` if there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise late
        return left


_current: ContextVar[_Call] = ContextVar("call to a cluster")


@contextmanager
def _errors(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise late from None
    except OSError:
        raise broken from None


class _Stream(httpcore.NetworkStream):
    """A connection on which every step ends by the deadline of the present call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._socket: socket.socket = inner.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        call = _current.get()
        left = call.left(httpcore.ReadTimeout)
        data = self._inner.read(max_bytes, left)
        call.received += len(data)
        call.is_closed_by_peer = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        call, rest = _current.get(), memoryview(buffer)
        with _errors(httpcore.WriteTimeout, httpcore.WriteError):
            while rest:
                self._socket.settimeout(call.left(httpcore.WriteTimeout))
                rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: "ssl.SSLContext",
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        left = _current.get().left(httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections only to the addresses that it is told at that moment."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        call = _current.get()
        late = httpcore.ConnectTimeout
        failure: Exception = httpcore.ConnectError()
        for address in self._addresses(host, port, call.left(late)):
            try:
                return _Stream(
                    self._inner.connect_tcp(
                        str(address),
                        port,
                        timeout=call.left(late),
                        local_address=local_address,
                        socket_options=socket_options,
                    )
                )
            except httpcore.ConnectError as refused:
                failure = refused
        raise failure


@cache
def _tls() -> "ssl.SSLContext":
    """Return the one TLS context: reading the certificates takes a while."""
    return httpx.create_ssl_context(trust_env=False)


class ClusterTransport(httpx.BaseTransport):
    """A transport to one cluster, for clients of httpx.

    `addresses` names the addresses that may be connected to; TLS still names the host,
    so a certificate is checked against the name. Several clients may share a transport,
    so closing one of them closes no connection; `pool.close` does.
    """

    def __init__(self, addresses: Addresses) -> None:
        self._inner = httpx.HTTPTransport(
            verify=_tls(), trust_env=False, retries=0, limits=_CONNECTIONS
        )
        self.pool: httpcore.ConnectionPool = self._inner._pool  # noqa: SLF001
        # httpx has no public way to give a backend.
        self.pool._network_backend = _Backend(addresses)  # noqa: SLF001

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, read whole.

        Raises Unavailable, AnswerTooLarge, MalformedAnswer, what the addresses raise,
        or an error of httpx.
        """
        limit = request.extensions.get("timeout", {}).get("read")
        seconds = settings.NSADMIN_CLUSTER_DEADLINE_S if limit is None else limit
        # The pool's own waits are bounded by it as well.
        request.extensions["timeout"] = dict.fromkeys(
            ("connect", "read", "write", "pool"), seconds
        )
        request.headers["Accept-Encoding"] = "identity"
        call = _Call(until=time.monotonic() + seconds)
        token = _current.set(call)
        try:
            return self._exchange(request)
        except httpx.TimeoutException:
            if call.received:
                raise slow_answer() from None
            raise
        except httpx.RemoteProtocolError:
            if call.received and not call.is_closed_by_peer:
                raise MalformedAnswer.of("it is not HTTP") from None
            raise
        finally:
            _current.reset(token)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        with closing(answer):
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise MalformedAnswer.of("it is packed, which was not asked for")
            if answer.status_code == httpx.codes.OK:
                body = _read(answer, _most_bytes(request))
            else:
                body = _read_start(answer)
        kept = {n: answer.headers[n] for n in _KEPT_HEADERS if n in answer.headers}
        return httpx.Response(
            answer.status_code, headers=kept, content=body, request=request
        )


def _most_bytes(request: httpx.Request) -> int:
    most = request.extensions.get(MOST_BYTES)
    return int(settings.NSADMIN_CLUSTER_MAX_BYTES if most is None else most)


def _read(answer: httpx.Response, most: int) -> bytes:
    told = answer.headers.get("content-length", "")
    if told.isdecimal() and len(told) < 20 and int(told) > most:
        raise AnswerTooLarge.of(most)
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_raw():
        size += len(part)
        if size > most:
            raise AnswerTooLarge.of(most)
        parts.append(part)
    return b"".join(parts)


def _read_start(answer: httpx.Response) -> bytes:
    """Return the start of a refusal, which is enough for its message."""
    read = bytearray()
    for part in answer.iter_raw():
        read += part
        if len(read) >= _MOST_OF_A_REFUSAL:
            break
    return bytes(read[:_MOST_OF_A_REFUSAL])


def slow_answer() -> Unavailable:
    """Return the error of an answer that began, but was not whole at the deadline."""
    return Unavailable(
        "Qdrant answers too slowly.", code="qdrant_slow", details={"store": "qdrant"}
    )
