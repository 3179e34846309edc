"""A Qdrant of many collections on a real socket, in a process of its own.

    with running(points) as url:

It answers `/`, `/metrics` and each collection in the form of Qdrant 1.18, with about as
many bytes; it stores nothing. `set_points` sets the points of a collection.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES

# The vector of `face_identity_extractor_v1`, the extractor of these namespaces.
VECTOR = "face_identity_extractor_v1_embedding"
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
def running(points: dict[str, int], *, tells_counts: bool = True) -> Iterator[str]:
    """Serve collections with these points until the block ends; yield the address.

    `tells_counts` is whether it has `/metrics`.
    """
    command = [sys.executable, "-m", "tests.bench.peers.synthetic"]
    if not tells_counts:
        command.append("--without-metrics")
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


def set_points(url: str, name: str, count: int) -> None:
    """Let a collection have so many points from now on."""
    with urlopen(f"{url}/points/{name}/{count}", data=b"", timeout=30):  # noqa: S310
        pass


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
    vector = {"size": 512, "distance": "Cosine"}
    indexes = {
        name: {
            "data_type": schema["type"],
            "params": schema,
            "points": count,
        }
        for name, schema in PROTECTED_INDEXES.items()
    }
    result = {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": count,
        "indexed_vectors_count": count,
        "segments_count": 2,
        "config": {"params": {"vectors": {VECTOR: vector}, "shard_number": 1}},
        "payload_schema": indexes,
    }
    return json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()


class _Server(ThreadingHTTPServer):
    # More than are in flight at once: one that is left out comes again after a second.
    request_queue_size = 128


def serve(points: dict[str, int], *, tells_counts: bool) -> None:
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
            if path == "metrics" and tells_counts:
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

    server = _Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with_metrics = "--without-metrics" not in sys.argv
    serve(json.loads(sys.stdin.readline()), tells_counts=with_metrics)
