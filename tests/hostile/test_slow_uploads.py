"""Slow uploads from people who are not signed in hold no thread of the web server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from nsadmin.embedded.supervision.ports import free_port
from nsadmin.settings.security import MAX_BODY_BYTES
from tests.production_check import SETTINGS

ROOT = Path(__file__).parents[2]
THREADS = 2
TOKEN = "a" * 32
HEAD = (
    "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    f"Cookie: csrftoken={TOKEN}\r\nX-CSRFToken: {TOKEN}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
)
BYTES = 50_000


@contextmanager
def running_server(*options: str) -> Iterator[int]:
    """The production web server with two threads; its port."""
    port = free_port()
    env = {
        **SETTINGS,
        "PATH": os.environ["PATH"],
        "NSADMIN_ALLOWED_HOSTS": "127.0.0.1",
        "NSADMIN_INSECURE_HTTP": "1",
    }
    arguments = (f"--port={port}", "--processes=1", f"--threads={THREADS}", *options)
    command = [sys.executable, "-m", "nsadmin.serve", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=env) as process:
        try:
            _wait_until_it_answers(process, port)
            yield port
        finally:
            process.terminate()


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int) -> None:
    give_up = time.monotonic() + 60
    while True:
        assert process.poll() is None
        try:
            assert status(port) == 200
        except OSError:
            assert time.monotonic() < give_up
            time.sleep(0.1)
        else:
            return


def status(port: int) -> int:
    """The status of /healthz."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def begin(port: int, *, size: int = BYTES) -> socket.socket:
    """A connection that has sent the head of an upload and a little of its body."""
    upload = socket.create_connection(("127.0.0.1", port), timeout=30)
    upload.sendall((HEAD % size).encode() + b"login=")
    return upload


def answer(upload: socket.socket) -> bytes:
    """The status line."""
    return upload.recv(65_536).split(b"\r\n", 1)[0]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_server() as it:
        yield it


@pytest.fixture(scope="module")
def hasty() -> Iterator[int]:
    """The port of a server that gives a request one second."""
    with running_server("--request-timeout=1") as it:
        yield it


def test_pages_are_answered_beside_many_slow_uploads(port: int) -> None:
    with ExitStack() as stack:
        uploads = [stack.enter_context(begin(port)) for _ in range(12 * THREADS)]
        for _ in range(5):
            for upload in uploads:
                upload.sendall(b"a")
            assert status(port) == 200
        # They are uploads indeed: one that goes on to its end is answered.
        uploads[0].sendall(b"a" * (BYTES - len("login=") - 5))
        assert answer(uploads[0]).startswith(b"HTTP/1.1 ")


def test_an_upload_that_drips_for_too_long_is_refused(hasty: int) -> None:
    with begin(hasty) as upload:
        upload.settimeout(0.2)
        told = b""
        for _ in range(100):  # each byte would renew a limit on silence
            try:
                told = answer(upload)
                break
            except TimeoutError:
                upload.sendall(b"a")
        assert told == b"HTTP/1.1 408 Request Timeout"


def test_a_head_that_never_ends_is_refused_too(hasty: int) -> None:
    with socket.create_connection(("127.0.0.1", hasty), timeout=30) as half:
        half.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
        assert answer(half).endswith(b"408 Request Timeout")


def test_a_connection_is_used_again_after_the_limit_of_one_request(hasty: int) -> None:
    connection = HTTPConnection("127.0.0.1", hasty, timeout=20)
    for _ in range(3):
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b'{"status": "ok"}')
        time.sleep(0.6)
    connection.close()


def test_a_body_that_is_too_large_is_refused_unread(port: int) -> None:
    with begin(port, size=MAX_BODY_BYTES + 1) as upload:
        assert b" 413 " in answer(upload)


def test_a_killed_child_is_replaced(port: int) -> None:
    told = subprocess.run(
        ["pgrep", "-f", f"nsadmin.serve --port={port}"],
        capture_output=True,
        text=True,
        check=True,
    )
    parent, child = sorted(int(pid) for pid in told.stdout.split())
    os.kill(child, 9)
    give_up = time.monotonic() + 30
    while True:
        try:
            assert status(port) == 200
            break
        except OSError:
            assert time.monotonic() < give_up
    assert Path(f"/proc/{parent}").exists()
