"""A malicious Qdrant on a real socket: each mode is one way to answer badly.

    with HostileCluster() as cluster:
        cluster.mode = "drip"
        ...  # a call to cluster.url

`MODES` names all modes; "healthy" answers well. The mode may change at any time and
holds for the requests that arrive from then on.
"""

import socket
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import BinaryIO, Self

from tests.hostile.cluster_answers import (
    DEEP,
    ODD_NUMBERS,
    SPOILERS,
    as_bytes,
    healthy,
)

HEALTHY = "healthy"
DRIP_S = 0.02
_BLOCK = b"0," * 32_768
_GZIP, _ZLIB = 31, 15


class HostileCluster:
    """The server; `sent` counts the bytes of its answers, `asked` lists the requests.

    `connections` counts the connections that it took.
    """

    def __init__(self, mode: str = HEALTHY) -> None:
        self.mode = mode
        self.sent = 0
        self.connections = 0
        self.asked: list[str] = []
        self._is_over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The address, of which the port is a free one."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """End all connections, so that no client waits any longer."""
        for one in list(self._open):
            self._end(one)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            self.connections += 1
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _end(self, connection: socket.socket) -> None:
        self._open.discard(connection)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as stream:
                while line := stream.readline().decode("latin-1").split():
                    length: int | None = 0
                    while (header := stream.readline().strip()) != b"":
                        name, _, value = header.partition(b":")
                        if name.lower() == b"content-length":
                            length = int(value)
                        elif name.lower() == b"transfer-encoding":
                            length = None
                    self._take(stream, length)
                    self.asked.append(f"{line[0]} {line[1]}")
                    self._answer(connection, line[0], line[1])
        except (OSError, IndexError, ValueError):
            pass  # the client has gone, which is what most modes are about
        finally:
            self._end(connection)

    def _take(self, stream: BinaryIO, length: int | None) -> None:
        """Read a request's body; without a length it comes in chunks."""
        if length is not None:
            stream.read(length)
            return
        while size := int(stream.readline(), 16):
            stream.read(size + 2)
        stream.readline()

    def _answer(self, connection: socket.socket, method: str, path: str) -> None:
        mode = self.mode
        body = healthy(method, path)
        if mode in _STREAMS:
            _STREAMS[mode](self, connection)
        elif mode in SPOILERS:
            self._whole(connection, as_bytes(SPOILERS[mode](body, path)))
        elif mode in ODD_NUMBERS:
            self._whole(connection, ODD_NUMBERS[mode](as_bytes(body)))
        else:
            self._whole(connection, as_bytes(body))

    # How the modes send ---------------------------------------------------------------

    def _send(self, connection: socket.socket, data: bytes) -> None:
        connection.sendall(data)
        self.sent += len(data)

    def _whole(self, connection: socket.socket, body: bytes, *more: str) -> None:
        self._head(connection, f"Content-Length: {len(body)}", *more)
        self._send(connection, body)

    def _head(
        self, connection: socket.socket, *headers: str, status: str = "200 OK"
    ) -> None:
        has_type = any(header.startswith("Content-Type") for header in headers)
        lines = (() if has_type else ("Content-Type: application/json",)) + headers
        text = "\r\n".join((f"HTTP/1.1 {status}", *lines))
        self._send(connection, f"{text}\r\n\r\n".encode())

    def _dripped(self, connection: socket.socket, first: bytes, drop: bytes) -> None:
        self._send(connection, first)
        while not self._is_over.wait(DRIP_S):
            self._send(connection, drop)

    def _drip(self, connection: socket.socket) -> None:
        self._head(connection, "Content-Length: 100000")
        self._dripped(connection, b"[", b"1")

    def _drip_chunks(self, connection: socket.socket) -> None:
        self._head(connection, "Transfer-Encoding: chunked")
        self._dripped(connection, b"1\r\n[\r\n", b"1\r\n1\r\n")

    def _drip_headers(self, connection: socket.socket) -> None:
        self._dripped(connection, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a")

    def _never(self, _connection: socket.socket) -> None:
        self._is_over.wait()

    def _huge(self, connection: socket.socket) -> None:
        self._head(connection, "Content-Length: 100000000000")
        self._send(connection, b'{"result": [')
        while not self._is_over.is_set():
            self._send(connection, _BLOCK)

    def _huge_headers(self, connection: socket.socket) -> None:
        self._send(connection, b"HTTP/1.1 200 OK\r\n")
        while not self._is_over.is_set():
            self._send(connection, b"X-Header: " + b"a" * 8000 + b"\r\n")

    def _deep(self, connection: socket.socket) -> None:
        self._whole(connection, b'{"result":' + b"[" * DEEP + b"]" * DEEP + b"}")

    def _deep_objects(self, connection: socket.socket) -> None:
        self._whole(connection, b'{"result":' * 900 + b"1" + b"}" * 900)

    def _gzip_bomb(self, connection: socket.socket) -> None:
        self._whole(connection, _bomb(_GZIP), "Content-Encoding: gzip")

    def _charset_bomb(self, connection: socket.socket) -> None:
        kind = "Content-Type: text/html; charset=zlib"
        bomb = _bomb(_ZLIB)
        self._head(connection, kind, f"Content-Length: {len(bomb)}", status="403 No")
        self._send(connection, bomb)

    def _endless_counts(self, connection: socket.socket) -> None:
        self._head(connection, "Transfer-Encoding: chunked")
        line = b'collection_points{id="ns_%020d"} 1\n'
        number = 0
        while not self._is_over.is_set():
            lines = b"".join(line % n for n in range(number, number + 500))
            number += 500
            self._send(connection, b"%x\r\n%s\r\n" % (len(lines), lines))

    def _html(self, connection: socket.socket) -> None:
        page = b"<!doctype html><title>Welcome to nginx</title>"
        self._whole(connection, page, "Content-Type: text/html")

    def _nothing(self, connection: socket.socket) -> None:
        self._whole(connection, b"")

    def _half(self, connection: socket.socket) -> None:
        self._whole(connection, b'{"result": {"status": "gre')

    def _not_http(self, connection: socket.socket) -> None:
        self._send(connection, b"220 mail.example ESMTP ready\r\n")
        self._is_over.wait()

    def _redirect(self, connection: socket.socket) -> None:
        place = f"Location: {self.url}/collections"
        self._head(connection, place, "Content-Length: 0", status="302 Found")

    def _error(self, connection: socket.socket) -> None:
        text = b"<html>" + b"x" * 100_000
        kind = ("Content-Type: text/html", f"Content-Length: {len(text)}")
        self._head(connection, *kind, status="500 Internal Server Error")
        self._send(connection, text)

    def _reset(self, connection: socket.socket) -> None:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._open.discard(connection)
        connection.close()
        raise ConnectionResetError

    def _reset_within(self, connection: socket.socket) -> None:
        self._head(connection, "Content-Length: 1000")
        self._send(connection, b'{"result": ')
        self._reset(connection)


@cache
def _bomb(wbits: int) -> bytes:
    """Return 256 MB of spaces as zlib packs them, in the format that `wbits` names."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    block = b" " * (1 << 20)
    return b"".join(packer.compress(block) for _ in range(256)) + packer.flush()


_Stream = Callable[[HostileCluster, socket.socket], None]
_STREAMS: dict[str, _Stream] = {
    "drip": HostileCluster._drip,
    "drip in chunks": HostileCluster._drip_chunks,
    "dripping headers": HostileCluster._drip_headers,
    "never": HostileCluster._never,
    "huge": HostileCluster._huge,
    "huge headers": HostileCluster._huge_headers,
    "deep": HostileCluster._deep,
    "deep objects": HostileCluster._deep_objects,
    "gzip bomb": HostileCluster._gzip_bomb,
    "charset bomb": HostileCluster._charset_bomb,
    "endless counts": HostileCluster._endless_counts,
    "html": HostileCluster._html,
    "nothing": HostileCluster._nothing,
    "half": HostileCluster._half,
    "not http": HostileCluster._not_http,
    "302": HostileCluster._redirect,
    "500": HostileCluster._error,
    "reset": HostileCluster._reset,
    "reset within": HostileCluster._reset_within,
}
MODES = (*_STREAMS, *SPOILERS, *ODD_NUMBERS)
