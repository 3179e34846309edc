"""Host names as addresses, within a time limit.

The operating system's resolver takes no time limit, so it is asked in one of a few
threads. A name is asked in one thread at a time, and not again soon after its answer
was late: names whose servers never answer must not occupy every thread.
"""

import ipaddress
import os
import socket
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from enum import Enum
from functools import lru_cache

from nsadmin.errors import Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LATE_S = 60.0
_MOST_LATE = 1000


class Lane(Enum):
    """Whose names are asked; each lane has threads of its own, in this number."""

    OPERATOR = 2
    CUSTOMERS = 8


class _Resolver:
    """The threads of a lane in this process."""

    def __init__(self, lane: Lane) -> None:
        self._threads = ThreadPoolExecutor(
            lane.value, thread_name_prefix=f"resolve-{lane.name.lower()}"
        )
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, int], Future[list[str]]] = {}
        self._late: dict[tuple[str, int], float] = {}

    def resolve(self, host: str, port: int, within_s: float) -> list[str]:
        place = (host, port)
        with self._lock:
            if time.monotonic() < self._late.get(place, 0):
                raise _unresolved("is resolved too slowly")
            future = self._asked.get(place)
            if future is None or future.done():
                future = self._threads.submit(_ask, host, port)
                self._asked[place] = future
        try:
            return future.result(timeout=max(0.0, within_s))
        except (Late, CancelledError):
            self._remember_late(place, future)
            raise _unresolved("is resolved too slowly") from None
        except (OSError, UnicodeError):
            raise _unresolved("cannot be resolved") from None
        finally:
            with self._lock:
                if future.done() and self._asked.get(place) is future:
                    del self._asked[place]

    def _remember_late(self, place: tuple[str, int], future: Future[list[str]]) -> None:
        with self._lock:
            # A name that still waits for a thread says nothing about its servers.
            if future.cancel():
                return
            if len(self._late) >= _MOST_LATE:
                self._late.clear()
            self._late[place] = time.monotonic() + _LATE_S


@lru_cache
def _resolver(lane: Lane, process: int) -> _Resolver:
    """Return the resolver of a lane; threads do not survive a fork, hence `process`."""
    del process
    return _Resolver(lane)


def _ask(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [str(info[4][0]).partition("%")[0] for info in found]


def _unresolved(how: str) -> Unavailable:
    return Unavailable(
        f"The host name of the cluster {how}.", details={"store": "qdrant"}
    )


def resolve(host: str, port: int, *, lane: Lane, within_s: float) -> list[Address]:
    """Return every address of the host, or raise Unavailable.

    It waits `within_s` seconds at most; an address in numbers needs no resolver.
    """
    found = in_numbers(host, port)
    if not found:
        texts = _resolver(lane, os.getpid()).resolve(host, port, within_s)
        found = {ipaddress.ip_address(text) for text in texts}
    return sorted(found, key=lambda a: (a.version, a))


def in_numbers(host: str, port: int) -> set[Address]:
    """Return the addresses that a host in numbers stands for; none for a name.

    Every spelling that a connection would understand counts, such as 2130706433 for
    127.0.0.1. No resolver is asked.
    """
    try:
        texts = _ask(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return set()
    return {ipaddress.ip_address(text) for text in texts}
