"""The metrics on a port of their own, for workers and for a network without TLS."""

import threading
import time
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from django.conf import settings
from django.db import connections

from nsadmin.observability import exposition

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

# Seconds between two tries to open the port.
_RETRY_S = 5
# Seconds after which a connection that sends nothing is closed.
_IDLE_S = 10


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _IDLE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of the base
        """Write no line for each scrape."""


def _application(
    environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/metrics":
        start_response("404 Not Found", [])
        return []
    try:
        told = exposition.answer(environ.get("HTTP_AUTHORIZATION", ""))
    finally:
        connections.close_all()  # the thread ends with the answer
    start_response(
        f"{told.status.value} {told.status.phrase}", list(told.headers.items())
    )
    return [told.body]


def server() -> WSGIServer:
    """Return a server that listens at NSADMIN_METRICS_PORT; raises OSError."""
    return make_server(
        settings.NSADMIN_METRICS_HOST,
        settings.NSADMIN_METRICS_PORT,
        _application,
        server_class=_Server,
        handler_class=_Handler,
    )


def serve() -> None:
    """Answer until the process ends; while the port cannot be had, try again.

    Of several processes of a machine with the same port, one answers: with
    NSADMIN_METRICS_DIR it tells what all of them counted.
    """
    is_told = False
    while True:
        try:
            with server() as listening:
                listening.serve_forever()
        except OSError as failure:
            if not is_told:
                log.warning("metrics_port_not_opened", error=str(failure))
            is_told = True
            time.sleep(_RETRY_S)


def start() -> None:
    """Answer from a thread of this process, if NSADMIN_METRICS_PORT is set."""
    if settings.NSADMIN_METRICS_PORT:
        threading.Thread(target=serve, name="metrics", daemon=True).start()
