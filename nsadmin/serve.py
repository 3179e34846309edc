"""The web server: `nsadmin serve --host 127.0.0.1 --port 8000`.

It reads each request whole, in one loop, before a thread takes it. So slow uploads hold
no thread, and each has to end in time. Child processes answer; one that dies is
replaced. The application is loaded once, before they are forked. At its end the server
answers what it has begun to read. Where systemd opens the socket, a restart refuses no
connection.
"""

import argparse
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.utilities import Error

from nsadmin import drain
from nsadmin.settings.environment import LISTEN_PID, NSADMIN_DEMO_LOGINS
from nsadmin.settings.security import MAX_BODY_BYTES

MAX_HEADER_BYTES = 64 * 1024
# Seconds from the first byte of a request to its last.
REQUEST_TIMEOUT_S = 30
# Seconds until an idle connection is closed.
_IDLE_S = 60
_CONNECTIONS = 1000
# A body beyond this goes to a temporary file, so that many need little memory.
_IN_MEMORY_BYTES = 64 * 1024
# Each connection may have a file beside its socket.
_OPEN_FILES = 4 * _CONNECTIONS
_RESPAWN_PAUSE_S = 0.5
_HOUR_S = 3600
# The first descriptor that systemd passes on, see sd_listen_fds(3).
_FIRST_GIVEN = 3


class RequestTimeout(Error):  # type: ignore[misc]
    """The answer to a request that was not sent in time."""

    code = 408
    reason = "Request Timeout"


class BoundedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose requests have to arrive within a number of seconds."""

    # The request that is being read, if any.
    request: Any
    timeout_s: float = REQUEST_TIMEOUT_S
    _began = 0.0

    def received(self, data: bytes) -> bool:
        """Take bytes of a request; note the time of its first."""
        if self.request is None:
            self._began = time.monotonic()
        return bool(super().received(data))

    def readable(self) -> bool:
        """Answer 408 if the request is too late; the loop calls this every second."""
        if self.request and time.monotonic() - self._began > self.timeout_s:
            self._refuse()
        return bool(super().readable())

    def service(self) -> None:
        """Answer a request; close the connection afterwards if the server ends."""
        if getattr(self.server, "draining", False):
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()

    def _refuse(self) -> None:
        with self.requests_lock:
            late, self.request = self.request, None
            late.error = RequestTimeout("The request was not sent in time.")
            late.completed = True
            self.requests.append(late)
            if len(self.requests) == 1:
                self.server.add_task(self)


def serve(application: Any, listener: socket.socket, options: Any) -> None:
    """Answer requests until SIGTERM, in this process."""
    channels: dict[int, Any] = {}
    server = create_server(
        application,
        map=channels,
        sockets=[listener],
        threads=options.threads,
        ident=None,
        # Django decides whether to believe them, by NSADMIN_PROXY_COUNT.
        clear_untrusted_proxy_headers=False,
        max_request_body_size=MAX_BODY_BYTES,
        max_request_header_size=MAX_HEADER_BYTES,
        inbuf_overflow=_IN_MEMORY_BYTES,
        connection_limit=_CONNECTIONS,
        channel_timeout=_IDLE_S,
        cleanup_interval=5,
        log_socket_errors=False,
        asyncore_use_poll=True,
    )
    server.channel_class = type(
        "Channel", (BoundedChannel,), {"timeout_s": options.request_timeout}
    )
    server.channels = channels
    drain.run_until_signal(server)


def _supervise(works: Sequence[Callable[[], None]], listener: socket.socket) -> None:
    """Keep a child process alive for each work until SIGTERM or SIGINT."""
    children = {_fork(work): work for work in works}
    try:
        while True:
            dead, _ = os.wait()
            work = children.pop(dead)
            time.sleep(_RESPAWN_PAUSE_S)
            children[_fork(work)] = work
    finally:
        listener.close()  # a proxy turns to another server at once
        for child in children:
            os.kill(child, signal.SIGTERM)
        for child in children:
            os.waitpid(child, 0)


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def _raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))


def _listen(host: str, port: int) -> socket.socket:
    """Return the socket that systemd has opened for this process, or a new one."""
    if os.getpid() == LISTEN_PID:
        given = socket.socket(fileno=_FIRST_GIVEN)
        given.settimeout(0)
        return given
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    listener.settimeout(0)
    return listener


def _open(host: str, port: int) -> socket.socket:
    """Return the socket; raise SystemExit with a sentence if there can be none."""
    try:
        return _listen(host, port)
    except socket.gaierror as error:
        reason = error.strerror
    except OSError as error:
        reason = os.strerror(error.errno or 0)
    except UnicodeError:
        reason = "That is no host name"
    sys.exit(f"nsadmin serve: cannot listen on {host}, port {port}: {reason}.")


def _refuse_open_demo(listener: socket.socket) -> None:
    """Raise SystemExit if others could open the sign-in page of a demo."""
    if not NSADMIN_DEMO_LOGINS:
        return
    is_internet = listener.family in (socket.AF_INET, socket.AF_INET6)
    if not is_internet or not ip_address(listener.getsockname()[0]).is_loopback:
        sys.exit(
            "nsadmin serve: NSADMIN_DEMO_LOGINS lets people sign in without a "
            "password: unset it, or listen on 127.0.0.1."
        )


def _number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers for argparse, with their range."""
    limits = f"of {least} or more" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= (most or int(text)):
            raise argparse.ArgumentTypeError(f"give a number {limits}, not {text}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    """Read a time for argparse: more than 0, at most an hour."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _HOUR_S:
        limits = f"above 0 and up to {_HOUR_S}"
        raise argparse.ArgumentTypeError(f"give seconds {limits}, not {text}")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nsadmin serve")
    count = _number(1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_number(1, 65_535), default=8000)
    parser.add_argument("--processes", type=count, default=2)
    parser.add_argument("--threads", type=count, default=8, help="in each process")
    parser.add_argument(
        "--request-timeout",
        type=_seconds,
        default=REQUEST_TIMEOUT_S,
        help="seconds in which a request has to be sent",
    )
    return parser


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    _raise_open_files()
    listener = _open(options.host, options.port)
    _refuse_open_demo(listener)
    from nsadmin.wsgi import application

    works = [lambda: serve(application, listener, options)] * options.processes
    _supervise([*works, *_metrics()], listener)


def _metrics() -> list[Callable[[], None]]:
    """Return the work of one more process if NSADMIN_METRICS_PORT is set."""
    from django.conf import settings

    from nsadmin.observability import exporter

    return [exporter.serve] if settings.NSADMIN_METRICS_PORT else []


if __name__ == "__main__":
    main(sys.argv[1:])
