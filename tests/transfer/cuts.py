"""A relay before a server that cuts the stream of a shard after some bytes."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

# The request lines of a download and of an upload, and which side is counted then.
DOWNLOAD: Final = b"/snapshot HTTP/1.1"
UPLOAD: Final = b"/snapshots/upload?"
_PIECE: Final = 16_384


class Relay:
    """Passes bytes on; `cut` arms it for one stream, `passed` is the longest so far.

    `on_stream` is called for every piece of a stream, before it is passed on.
    """

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._behind = (place.hostname or "", place.port or 80)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.passed = 0
        self.cuts = 0
        self._pairs: list[_Pair] = []
        self._threads: list[threading.Thread] = []
        self.on_stream: Callable[[], None] = lambda: None
        self._marker, self._after, self._times = b"", 0, 0

    def cut(self, marker: bytes, *, after: int, times: int = 1) -> None:
        """Cut the next streams of a kind after so many bytes."""
        self._marker, self._after, self._times = marker, after, times

    @contextmanager
    def running(self) -> Iterator["Relay"]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._accept)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown(socket.SHUT_RDWR)
            thread.join()
            self._server.close()
            for pair in self._pairs:
                pair.end()
            for thread in self._threads:
                thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            pair = _Pair(self, client, socket.create_connection(self._behind))
            self._pairs.append(pair)
            self._threads.append(threading.Thread(target=pair.run))
            self._threads[-1].start()

    def counts(self, marker: bytes, size: int) -> bool:
        """Count the bytes of a stream; True if it is to be cut now."""
        self.passed = max(self.passed, size)
        self.on_stream()
        if marker != self._marker or size <= self._after or not self._times:
            return False
        self._times -= 1
        self.cuts += 1
        return True


class _Pair:
    """One connection and its continuation."""

    def __init__(
        self, relay: Relay, client: socket.socket, server: socket.socket
    ) -> None:
        self._relay, self._client, self._server = relay, client, server
        self._marker, self._size = b"", 0

    def run(self) -> None:
        """Pass bytes in both directions until both have ended; then close."""
        back = threading.Thread(
            target=self._pass, args=(self._server, self._client, DOWNLOAD)
        )
        back.start()
        self._pass(self._client, self._server, UPLOAD)
        back.join()
        self._client.close()
        self._server.close()

    def end(self, *, resets: bool = False) -> None:
        """End both connections, with a reset as a power cut between them would."""
        for one in (self._client, self._server):
            with contextlib.suppress(OSError):
                if resets:
                    linger = struct.pack("ii", 1, 0)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                one.shutdown(socket.SHUT_RDWR)

    def _pass(
        self, source: socket.socket, target: socket.socket, counted: bytes
    ) -> None:
        resets = False
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                if source is self._client:
                    self._look(piece)
                if self._marker == counted:
                    self._size += len(piece)
                    resets = self._relay.counts(counted, self._size)
                if resets:
                    break
                target.sendall(piece)
        self.end(resets=resets)

    def _look(self, piece: bytes) -> None:
        line = piece.split(b"\r\n", 1)[0]
        if line.endswith(b"HTTP/1.1"):
            kinds = (kind for kind in (DOWNLOAD, UPLOAD) if kind in line)
            self._marker, self._size = next(kinds, b""), 0
