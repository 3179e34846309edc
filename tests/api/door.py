"""The API on a socket, inside the transaction of a test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db import connections
from django.test import Client


class Door(ThreadingHTTPServer):
    """Passes requests on; `seen` are their methods and addresses.

    With `move_to` every answer is a redirect to that address.
    """

    def __init__(self, connection: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[str] = []
        self.move_to = ""
        self._connection = connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer with the test's connection to the database."""
        connections["default"] = self._connection
        super().process_request_thread(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def _pass_on(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {self.path}")
        if self.server.move_to:
            self.send_response(307)
            self.send_header("Location", self.server.move_to)
            self.end_headers()
            return
        named = ("Authorization", "If-Match", "Idempotency-Key")
        headers = {n: self.headers[n] for n in named if n in self.headers}
        answer = Client(raise_request_exception=False).generic(
            self.command,
            self.path,
            sent,
            content_type=self.headers.get("Content-Type", "application/json"),
            headers=headers,
        )
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_door() -> Iterator[Door]:
    """A door; the test's connection to the database is shared with its threads."""
    connection = connections["default"]
    connection.inc_thread_sharing()
    with Door(connection) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()
            connection.dec_thread_sharing()
