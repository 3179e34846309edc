"""Whatever a name is, a request to Qdrant has the segments that were meant."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsadmin.errors import Invalid, NsadminError
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared

ODD = "/\\?#%.:;&=+@ \"'<>[]{}|^~`*,$!()\t\n\r\0\u200b\u202e\ufeffé🎬"
NAMES = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("ab.." + ODD), max_size=12),
    st.from_regex(r"[A-Za-z0-9_.@-]{1,30}", fullmatch=True),
    st.sampled_from(
        ["..", ".", "../a", "a/../b", "%2e%2e", "%2f", "a%00", "a?b", "a#b", "x" * 400]
    ),
)
COLLECTION = "ns_fine"


class _Server(ThreadingHTTPServer):
    """A server with a list of the requests that it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ear)
        self.heard: list[tuple[str, str]] = []


class _Ear(BaseHTTPRequestHandler):
    """Writes down the line of each request and answers that all is well."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: the second would wait 40 ms
    server: _Server

    def _answer(self) -> None:
        self.server.heard.append((self.command, self.path))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps({"result": True, "status": "ok", "time": 0.0}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def heard(settings) -> Iterator[list[tuple[str, str]]]:
    """The requests that the shared cluster got."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    settings.NSADMIN_QDRANT_URL = f"http://127.0.0.1:{server.server_port}"
    settings.NSADMIN_QDRANT_API_KEY = ""
    yield server.heard
    server.shutdown()
    thread.join()
    server.server_close()


Call = Callable[[str], object]
CALLS: dict[str, tuple[Call, str, list[str | None]]] = {
    "look": (lambda n: collections.get(shared(), n), "GET", ["collections", None]),
    "drop": (lambda n: collections.drop(shared(), n), "DELETE", ["collections", None]),
    "make": (
        lambda n: collections.create(shared(), n, {"v": (3, "cosine")}),
        "PUT",
        ["collections", None],
    ),
    "copy": (
        lambda n: collections.create_like(shared(), n, {"params": {}}),
        "PUT",
        ["collections", None],
    ),
    "count": (
        lambda n: points.count(shared(), n),
        "POST",
        ["collections", None, "points", "count"],
    ),
    "scroll": (
        lambda n: points.page(shared(), n),
        "POST",
        ["collections", None, "points", "scroll"],
    ),
    "write": (
        lambda n: points.put(shared(), n, [{"id": 1, "vector": {}}]),
        "PUT",
        ["collections", None, "points"],
    ),
    "build": (
        lambda n: collections.create_index(shared(), n, "a", {"type": "keyword"}),
        "PUT",
        ["collections", None, "index"],
    ),
    "vector": (
        lambda n: collections.create_vector(
            shared(), COLLECTION, n, size=3, distance="cosine"
        ),
        "PUT",
        ["collections", COLLECTION, "vectors", None],
    ),
    "unbuild": (
        lambda n: collections.drop_index(shared(), COLLECTION, n),
        "DELETE",
        ["collections", COLLECTION, "index", None],
    ),
    "unbuild in": (
        lambda n: collections.drop_index(shared(), n, "a"),
        "DELETE",
        ["collections", None, "index", "a"],
    ),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_name_is_one_segment_or_refused(
    heard: list[tuple[str, str]], what: str
) -> None:
    call, method, wanted = CALLS[what]
    sent: list[str] = []

    @settings(
        max_examples=120,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(NAMES)
    def ask(name: str) -> None:
        heard.clear()
        try:
            call(name)
        except Invalid:
            assert heard == []
            return
        except (NsadminError, TypeError, KeyError, AttributeError):
            pass  # the answer is no real one; what counts is what was asked
        ((asked, path),) = heard
        assert asked == method
        segments = path.partition("?")[0].split("/")
        assert segments[0] == ""
        assert [unquote_to_bytes(s).decode() for s in segments[1:]] == [
            name if part is None else part for part in wanted
        ]
        assert not {".", ".."} & set(segments)
        assert "#" not in path
        sent.append(name)

    ask()
    assert len(set(sent)) > 10
