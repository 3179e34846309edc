"""The connections to a cluster: every step on them ends by the deadline of its call.

A connection is used by one call at a time. A thread may have two calls under way: it
reads the answer of one while it writes the body of the other. `Call.current` says which
of them acts.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore

from nsadmin.stores.name_resolution import Address

_EARLY_BYTES = 65_536
_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError)

# (host, port, seconds left) -> the addresses that may be connected to
Addresses = Callable[[str, int, float], list[Address]]


@dataclass(slots=True)
class Call:
    """One call: its deadline, and the longest that a single step may take.

    `listens` is true for a call that sends a long body: an answer that arrives before
    the body's end stops the sending.
    """

    until: float
    read_stall_s: float | None = None
    write_stall_s: float | None = None
    listens: bool = False
    received: int = 0
    is_closed_by_peer: bool = False

    def left(self, late: type[Exception], stall_s: float | None = None) -> float:
        """Return the seconds that a step may take; raise `late` if there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise late
        return left if stall_s is None else min(left, stall_s)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Let this call be the one whose limits hold in this thread."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Call] = ContextVar("call to a cluster")


@contextmanager
def _errors(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise late from None
    except OSError:
        raise broken from None


class _Connection(httpcore.NetworkStream):
    """A connection on which every step ends by the deadline of the present call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._socket: socket.socket = inner.get_extra_info("socket")
        self._early = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        call = _current.get()
        left = call.left(httpcore.ReadTimeout, call.read_stall_s)
        if self._early:
            data, self._early = self._early[:max_bytes], self._early[max_bytes:]
        else:
            data = self._inner.read(max_bytes, left)
        call.received += len(data)
        call.is_closed_by_peer = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        call, rest = _current.get(), memoryview(buffer)
        with _errors(httpcore.WriteTimeout, httpcore.WriteError):
            while rest:
                left = call.left(httpcore.WriteTimeout, call.write_stall_s)
                if call.listens:
                    self._listen(left)
                self._socket.settimeout(left)
                rest = rest[self._socket.send(rest) :]

    def _listen(self, left: float) -> None:
        """Wait until more can be sent; raise WriteError if the peer has answered.

        After that error the pool reads the answer, as servers may refuse a body before
        its end. Without this, a peer that answers and then reads no more would hold
        the call until its limit, and one that closes would take its answer along.
        """
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | select.POLLOUT)
        ready = poll.poll(left * 1000)
        if not ready:
            raise TimeoutError
        if ready[0][1] & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._take_early()

    def _take_early(self) -> None:
        self._socket.settimeout(0)
        try:
            self._early = self._socket.recv(_EARLY_BYTES)
        except _NOTHING_YET:
            return  # TLS has messages of its own
        raise httpcore.WriteError

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        left = _current.get().left(httpcore.ConnectTimeout)
        return _Connection(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
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
                return _Connection(
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
