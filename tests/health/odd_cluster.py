"""A server that answers as a test says, in the place of a customer's Qdrant."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# The version at `/`, as a healthy cluster of the least version gives it.
ROOT = {"title": "qdrant", "version": "1.18.3"}


@dataclass
class OddCluster:
    """`answers` maps a path to what is sent: bytes as they are, all else as JSON.

    `refusals` maps a path to the status with which it is refused. A path in `hangs` is
    not answered before the end.
    """

    port: int
    answers: dict[str, Any] = field(default_factory=lambda: {"/": ROOT})
    refusals: dict[str, int] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listed(self) -> str:
        """Its entry in NSADMIN_CLUSTER_HOSTS."""
        return f"127.0.0.1:{self.port}=*"

    def answer(self, path: str) -> bytes:
        found = self.answers.get(path.partition("?")[0], {"status": "ok", "result": {}})
        return found if isinstance(found, bytes) else json.dumps(found).encode()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextmanager
def running() -> Iterator[OddCluster]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in cluster.hangs:
                is_over.wait()
            body = cluster.answer(self.path)
            self.send_response(cluster.refusals.get(self.path, 200))
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # nobody may be waiting any more
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    is_over = threading.Event()
    server = _Server(("127.0.0.1", 0), Handler)
    cluster = OddCluster(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
