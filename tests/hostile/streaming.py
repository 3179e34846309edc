"""Two ends of a stream on real sockets, each with a script of how it behaves.

    with Peer(sends(b"archive")) as source, Peer(takes()) as target:
        ...  # a stream from source.url to target.url

A script is called with the connection after the head of a request was read.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
TRUE = b'{"result": true, "status": "ok", "time": 0.1}'
PIECE = 65_536


class Peer:
    """A server of one script; what it saw is in `taken` and `saw_the_end`."""

    def __init__(self, script: "Script") -> None:
        self._script = script
        self.taken = 0
        """Bytes of the request's body that were read, frames of chunks left out."""
        self.saw_the_end = False
        """Whether the body's last chunk came."""
        self.is_over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.is_over.set()
        # The thread that waits in `accept` is not woken by closing alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            suppress(OSError, ValueError),
            connection,
            connection.makefile("rb") as body,
        ):
            while body.readline().strip():
                pass
            self._script(self, connection, body)

    def take(self, body: BinaryIO, most: float = float("inf")) -> None:
        """Read chunks of a request's body to its end, or about as many bytes."""
        while self.taken < most:
            line = body.readline()
            size = int(line, 16)  # ValueError where the body was cut
            if size == 0:
                body.readline()
                self.saw_the_end = True
                return
            piece = body.read(size)
            self.taken += len(piece)
            body.readline()


Script = Callable[[Peer, socket.socket, BinaryIO], None]


def answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def refusal(status: str, text: str) -> bytes:
    return answer(status, b'{"status": {"error": "%s"}, "time": 0}' % text.encode())


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


# Sources -----------------------------------------------------------------------------


def says(content: bytes, *, stays: bool = False) -> Script:
    """Send bytes as they are; then end the connection, or stay and send no more."""

    def script(peer: Peer, connection: socket.socket, _body: BinaryIO) -> None:
        connection.sendall(content)
        if stays:
            peer.is_over.wait()

    return script


def sends(content: bytes) -> Script:
    """Send an archive whole, in chunks."""
    pieces = (content[at : at + PIECE] for at in range(0, len(content), PIECE))
    return says(OK + CHUNKED + b"".join(map(chunk, pieces)) + b"0\r\n\r\n")


def cuts(content: bytes) -> Script:
    """Send the beginning of an archive, and then reset the connection."""

    def script(_peer: Peer, connection: socket.socket, _body: BinaryIO) -> None:
        connection.sendall(OK + CHUNKED + chunk(content))
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    return script


def drips(every_s: float) -> Script:
    """Send a byte at a time, without an end."""

    def script(peer: Peer, connection: socket.socket, _body: BinaryIO) -> None:
        connection.sendall(OK + CHUNKED)
        while not peer.is_over.wait(every_s):
            connection.sendall(chunk(b"x"))

    return script


def floods() -> Script:
    """Send without an end."""

    def script(peer: Peer, connection: socket.socket, _body: BinaryIO) -> None:
        connection.sendall(OK + CHUNKED)
        while not peer.is_over.is_set():
            connection.sendall(chunk(b"x" * PIECE))

    return script


# Targets -----------------------------------------------------------------------------


def takes(reply: bytes = answer("200 OK", TRUE)) -> Script:
    """Take the whole body, then answer."""

    def script(peer: Peer, connection: socket.socket, body: BinaryIO) -> None:
        peer.take(body)
        connection.sendall(reply)

    return script


def refuses_early(reply: bytes, after: int, *, stays: bool) -> Script:
    """Answer before the body's end; then read no more, or end the connection."""

    def script(peer: Peer, connection: socket.socket, body: BinaryIO) -> None:
        peer.take(body, after)
        connection.sendall(reply)
        if stays:
            peer.is_over.wait()
        else:
            connection.shutdown(socket.SHUT_WR)

    return script


def never_reads() -> Script:
    """Take nothing, and answer nothing."""
    return says(b"", stays=True)


def never_answers() -> Script:
    """Take the whole body, and answer nothing."""

    def script(peer: Peer, _connection: socket.socket, body: BinaryIO) -> None:
        peer.take(body)
        peer.is_over.wait()

    return script


def drips_its_answer() -> Script:
    """Take the whole body, and send an answer of single bytes without an end."""

    def script(peer: Peer, connection: socket.socket, body: BinaryIO) -> None:
        peer.take(body)
        connection.sendall(OK + b"Content-Length: 100000\r\n\r\n{")
        while not peer.is_over.wait(0.02):
            connection.sendall(b" ")

    return script
