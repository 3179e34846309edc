"""A proxy before Qdrant that changes the points which a clone writes.

It changes every write into one collection, also the repeated ones of the verification,
so what it plants stays. Reads and all other collections pass as they are.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import orjson

Point = dict[str, Any]
Meddle = Callable[[list[Point]], list[Point]]

_HOST = "127.0.0.1"
_OWN_HEADERS = {"host", "content-length", "connection", "transfer-encoding"}


class Meddler:
    """What is done to the points that are written into `collection`."""

    def __init__(self) -> None:
        self.collection, self.meddle = "", lambda points: points
        self.touched = 0

    def change(self, method: str, path: str, body: bytes) -> bytes:
        """Return the body to send on."""
        own = f"/collections/{self.collection}/points"
        if method != "PUT" or path.partition("?")[0] != own:
            return body
        sent = orjson.loads(body)
        before = orjson.dumps(sent["points"])
        sent["points"] = self.meddle(sent["points"])
        self.touched += orjson.dumps(sent["points"]) != before
        return orjson.dumps(sent)


@contextmanager
def meddling(url: str) -> Iterator[tuple[str, Meddler]]:
    """Run the proxy; yield its URL and what it does."""
    place, meddler = urlsplit(url), Meddler()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the second would wait 40 ms

        def _pass_on(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = meddler.change(self.command, self.path, self.rfile.read(length))
            headers = {
                key: value
                for key, value in self.headers.items()
                if key.lower() not in _OWN_HEADERS
            }
            store = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
            try:
                store.request(self.command, self.path, body or None, headers)
                answer = store.getresponse()
                content = answer.read()
            finally:
                store.close()
            self.send_response(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in _OWN_HEADERS:
                    self.send_header(key, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer((_HOST, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, args=(0.01,), name="meddling proxy"
    )
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}", meddler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
