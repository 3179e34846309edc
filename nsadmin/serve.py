"""The web server: `python -m nsadmin.serve --host 127.0.0.1 --port 8000`.

It reads each request whole, in one loop, before a thread takes it. So slow uploads hold
no thread, and each has to end in time. Child processes answer; one that dies is
replaced. The application is loaded once, before they are forked.
"""

import argparse
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.utilities import Error

# A larger body is refused by the server, without our envelope and without reading it.
MAX_BODY_BYTES = 8 * 1024 * 1024
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
    server = create_server(
        application,
        sockets=[listener],
        threads=options.threads,
        ident=None,
        # Django decides whether to believe them, by NSADMIN_TRUST_PROXY.
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
    server.run()


def _supervise(works: Sequence[Callable[[], None]]) -> None:
    """Keep a child process alive for each work until SIGTERM or SIGINT."""
    children = {_fork(work): work for work in works}
    try:
        while True:
            dead, _ = os.wait()
            work = children.pop(dead)
            time.sleep(_RESPAWN_PAUSE_S)
            children[_fork(work)] = work
    finally:
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
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    listener.settimeout(0)
    return listener


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m nsadmin.serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8, help="in each process")
    parser.add_argument(
        "--request-timeout",
        type=float,
        default=REQUEST_TIMEOUT_S,
        help="seconds in which a request has to be sent",
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    _raise_open_files()
    listener = _listen(options.host, options.port)
    from nsadmin.wsgi import application

    works = [lambda: serve(application, listener, options)] * options.processes
    _supervise([*works, *_metrics()])


def _metrics() -> list[Callable[[], None]]:
    """Return the work of one more process if NSADMIN_METRICS_PORT is set."""
    from django.conf import settings

    from nsadmin.observability import exporter

    return [exporter.serve] if settings.NSADMIN_METRICS_PORT else []


if __name__ == "__main__":
    main(sys.argv[1:])
