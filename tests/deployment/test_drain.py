"""A web server that is asked to end answers what it has begun to read."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.deployment.web import COMMAND, activated, held_socket
from tests.production_check import SETTINGS, environment

HEAD = b"GET /healthz HTTP/1.1\r\nHost: console.example\r\n"
HERE = {**environment(), **SETTINGS, "NSADMIN_INSECURE_HTTP": "1"}
ONE_PROCESS = (*COMMAND, "--processes", "1", "--threads", "2")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that outlives servers."""
    with held_socket() as made:
        yield made


@pytest.fixture
def server(listener: socket.socket) -> Iterator["subprocess.Popen[bytes]"]:
    """A server on that socket, which answers."""
    process = activated(listener, HERE, ONE_PROCESS)
    try:
        with connect(listener) as sock:
            sock.sendall(HEAD + b"Connection: close\r\n\r\n")
            assert whole(sock).startswith(b"HTTP/1.1 200")
        yield process
    finally:
        process.terminate()
        process.wait()


def connect(listener: socket.socket) -> socket.socket:
    sock = socket.create_connection(listener.getsockname())
    sock.settimeout(60)
    return sock


def whole(sock: socket.socket) -> bytes:
    """Everything that comes until the other side closes the connection."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def one_answer(sock: socket.socket) -> bytes:
    """One answer in chunks, up to the last of them; the connection stays open."""
    received = b""
    while not received.endswith(b"\r\n0\r\n\r\n"):
        received += sock.recv(65536)
    return received


def test_a_request_that_has_begun_is_answered(listener, server) -> None:
    with connect(listener) as begun, connect(listener) as idle:
        begun.sendall(HEAD)
        idle.sendall(HEAD + b"\r\n")
        assert one_answer(idle).startswith(b"HTTP/1.1 200")
        server.send_signal(signal.SIGTERM)
        assert whole(idle) == b""  # an idle connection is closed
        assert server.poll() is None
        begun.sendall(b"\r\n")
        answer = whole(begun)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Connection: close" in answer
    assert server.wait(20) == 0


def test_a_connection_made_meanwhile_waits_for_the_next_server(
    listener, server
) -> None:
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0
    with connect(listener) as early:
        early.sendall(HEAD + b"Connection: close\r\n\r\n")
        following = activated(listener, HERE, ONE_PROCESS)
        try:
            assert whole(early).startswith(b"HTTP/1.1 200")
        finally:
            following.terminate()
            following.wait()


def test_a_server_without_work_ends_at_once(listener, server) -> None:
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0
    assert time.monotonic() - began < 15
