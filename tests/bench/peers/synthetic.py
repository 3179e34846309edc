"""A Qdrant of many collections on a real socket, in a process of its own.

    with running(collections) as url:

It answers `/`, `/metrics` and each collection in the form of Qdrant 1.18, with about as
many bytes; it stores nothing. `POST /points/{name}/{n}` sets the points of a collection.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Families that the answer has for each collection beside those that are read.
_OTHERS = (
    "snapshot_creation_running",
    "snapshot_recovery_running",
    "snapshot_created_total",
    "collection_shard_transfer_incoming",
    "collection_shard_transfer_outgoing",
    "collection_update_queue_length",
)


@contextmanager
def running(points: dict[str, int]) -> Iterator[str]:
    """Serve collections with these points until the block ends; yield the address."""
    command = [sys.executable, "-m", "tests.bench.peers.synthetic"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(points) + "\n")
        process.stdin.flush()
        port = int(process.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def metrics(points: dict[str, int]) -> bytes:
    """Return the counts of all collections as the server tells them."""
    return "".join(f"{line}\n" for line in _lines(points)).encode()


def _lines(points: dict[str, int]) -> Iterable[str]:
    yield f"collections_total {len(points)}"
    yield "collection_dead_replicas 0"
    for name, count in points.items():
        yield f'collection_points{{id="{name}"}} {count}'
    for name, count in points.items():
        yield f'collection_vectors{{collection="{name}",vector="text"}} {count}'
    for family in ("collection_running_optimizations", *_OTHERS):
        for name in points:
            yield f'{family}{{id="{name}"}} 0'


def described(count: int) -> bytes:
    """Return a collection as the server describes it."""
    vector = {"size": 4, "distance": "Cosine"}
    result = {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": count,
        "indexed_vectors_count": count,
        "segments_count": 2,
        "config": {"params": {"vectors": {"text": vector}, "shard_number": 1}},
        "payload_schema": {},
    }
    return json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()


def serve(points: dict[str, int]) -> None:
    """Serve until the process ends; print the port."""
    root = json.dumps({"title": "qdrant", "version": "1.18.3"}).encode()
    kept: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            status, body = self._body()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _body(self) -> tuple[int, bytes]:
            path, _, name = self.path[1:].partition("/")
            if not path:
                return 200, root
            if path == "metrics":
                if "metrics" not in kept:
                    kept["metrics"] = metrics(points)
                return 200, kept["metrics"]
            if path == "collections" and name in points:
                return 200, described(points[name])
            return 404, b'{"status":{"error":"Not found"}}'

        def do_POST(self) -> None:
            _, _, name, count = self.path.split("/")
            points[name] = int(count)
            kept.clear()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(json.loads(sys.stdin.readline()))
