"""A proxy before each store that numbers its exchanges and breaks one of them.

The numbers run over all stores together, in the order in which the requests arrive, so
"the seventh outside call of a change" is one number whichever store it goes to.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from asyncio import StreamReader, StreamWriter
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from tests.faults.transport import Message, Transport

_HOST = "127.0.0.1"
# Turns of the loop within which a connection that ends has ended.
_TURNS = 8
_ANSWER_500 = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"
    b'content-length: 35\r\n\r\n{"status":{"error":"made to fail"}}'
)


class Fault(StrEnum):
    """The ways in which one exchange may fail."""

    RESET = "reset"  # the connection breaks before the request reaches the store
    DROPPED = "dropped"  # the store does it; its reply is lost with the connection
    ERROR = "error"  # Qdrant answers 500 and has done nothing
    HANG = "hang"  # the request never reaches the store; the connection stays open
    KILL_BEFORE = "kill before"  # the client process dies before the store gets it
    KILL_AFTER = "kill after"  # the client process dies after the store has done it


@dataclass(slots=True)
class Exchange:
    """One request and its reply."""

    number: int
    store: str
    asks: str
    writes: bool
    fault: Fault | None = None


class Exchanges:
    """The exchanges since the last `expect`, and the one that is to break."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []
        self._frozen: set[str] = set()
        self._late: dict[tuple[str, str], float] = {}
        self._at, self._times = 0, 1
        self._fault: Fault | None = None
        self._kill: Callable[[], None] = lambda: None

    def expect(
        self,
        at: int = 0,
        fault: Fault | None = None,
        *,
        times: int = 1,
        kill: Callable[[], None] = lambda: None,
    ) -> None:
        """Count from one again; break exchange `at` and, with `times`, those after it.

        `kill` ends the asking process.
        """
        self.seen = []
        self._at, self._fault, self._times, self._kill = at, fault, times, kill

    @contextmanager
    def frozen(self, store: str) -> Iterator[None]:
        """Let a store take connections and requests, and answer nothing at all."""
        self._frozen.add(store)
        try:
            yield
        finally:
            self._frozen.discard(store)

    @contextmanager
    def late(self, store: str, asks: str, seconds: float) -> Iterator[None]:
        """Delay the store's replies to these requests."""
        self._late[store, asks] = seconds
        try:
            yield
        finally:
            del self._late[store, asks]

    def lateness_of(self, exchange: Exchange | None) -> float:
        """The delay of a reply in seconds."""
        return self._late.get((exchange.store, exchange.asks), 0) if exchange else 0

    def is_frozen(self, store: str) -> bool:
        """Whether the store is frozen now."""
        return store in self._frozen

    @property
    def broken(self) -> Exchange | None:
        """The exchange that was broken; None before that."""
        return next((e for e in self.seen if e.fault is not None), None)

    @property
    def writes(self) -> list[str]:
        """The requests that change data in MongoDB or Qdrant."""
        return [f"{e.store}: {e.asks}" for e in self.seen if e.writes]

    def begin(self, store: str, request: Message) -> Exchange | None:
        """Number a request; housekeeping requests of the driver have no number."""
        if request.asks is None:
            return None
        found = Exchange(len(self.seen) + 1, store, request.asks, request.writes)
        self.seen.append(found)
        applies = self._fault is not Fault.ERROR or store == "qdrant"
        if 0 <= found.number - self._at < self._times and applies and self._at:
            found.fault = self._fault
        return found

    def kill(self) -> None:
        """Kill the client process."""
        self._kill()


class _Link:
    """One client's connection and the one to the store that belongs to it."""

    def __init__(self, transport: Transport, exchanges: Exchanges) -> None:
        self._transport, self._exchanges = transport, exchanges
        self._open: deque[Exchange | None] = deque()

    async def run(
        self,
        client: tuple[StreamReader, StreamWriter],
        store: tuple[StreamReader, StreamWriter],
    ) -> None:
        """Carry messages both ways until either side or a fault ends it."""
        ways = [
            asyncio.ensure_future(way)
            for way in (self._ask(client, store[1]), self._answer(store[0], client[1]))
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            _reset(client[1])  # before any wait, which the end may cancel
            store[1].close()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _ask(
        self, client: tuple[StreamReader, StreamWriter], store: StreamWriter
    ) -> None:
        while True:
            request = await self._transport.request(client[0])
            if self._exchanges.is_frozen(self._transport.store):
                await client[0].read()  # until the client gives up
                return
            exchange = self._exchanges.begin(self._transport.store, request)
            fault = exchange.fault if exchange else None
            if fault is Fault.RESET:
                return
            if fault is Fault.KILL_BEFORE:
                self._exchanges.kill()
                return
            if fault is Fault.HANG:
                await client[0].read()  # until the client gives up
                return
            if fault is Fault.ERROR:
                client[1].write(_ANSWER_500)
                continue
            self._open.append(exchange)
            store.write(request.data)

    async def _answer(self, store: StreamReader, client: StreamWriter) -> None:
        while True:
            reply = await self._transport.reply(store)
            if self._exchanges.is_frozen(self._transport.store):
                await asyncio.Event().wait()
            # A server that streams heartbeats says more than it was asked.
            exchange = self._open.popleft() if self._open else None
            fault = exchange.fault if exchange else None
            if fault is Fault.KILL_AFTER:
                self._exchanges.kill()
            if fault is not None:
                return
            if seconds := self._exchanges.lateness_of(exchange):
                await asyncio.sleep(seconds)
            client.write(reply)


def _reset(client: StreamWriter) -> None:
    """Close so that the other side sees a broken connection, not an orderly end."""
    with contextlib.suppress(OSError):
        sock = client.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Proxies:
    """Proxies of several stores, served by one thread."""

    def __init__(self) -> None:
        self.exchanges = Exchanges()
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []

    def before(self, transport: Transport, url: str) -> str:
        """Put a proxy before the store at `url`; return the URL to use instead."""
        place = urlsplit(url)

        async def carry(reader: StreamReader, writer: StreamWriter) -> None:
            try:
                store = await asyncio.open_connection(place.hostname, place.port)
                await _Link(transport, self.exchanges).run((reader, writer), store)
            except (OSError, asyncio.CancelledError):
                writer.close()

        server = self._wait(asyncio.start_server(carry, _HOST, 0))
        self._servers.append(server)
        port = server.sockets[0].getsockname()[1]
        return url.replace(f"{place.hostname}:{place.port}", f"{_HOST}:{port}", 1)

    def serve(self) -> None:
        """Run until `close`; the body of the thread."""
        self._loop.run_forever()
        self._loop.close()

    def close(self) -> None:
        """Break every connection that is open, and end the thread."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            # A client may have connected again before its server was closed.
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
                for _ in range(_TURNS):
                    await asyncio.sleep(0)

        self._wait(end())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@contextmanager
def running_proxies() -> Iterator[Proxies]:
    """Proxies for as long as the block lasts."""
    proxies = Proxies()
    thread = threading.Thread(target=proxies.serve, name="fault proxies")
    thread.start()
    try:
        yield proxies
    finally:
        proxies.close()
        thread.join()
