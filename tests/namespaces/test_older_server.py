"""A server before 1.18 cannot add a vector to live points; that is refused early."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from nsadmin.errors import Conflict
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store

TEXT = {
    "feature_extractors": [
        {"feature_extractor_name": "text_extractor", "version": "v1"}
    ]
}


@pytest.fixture
def older(cast, settings) -> Iterator[list[str]]:
    """Qdrant behind a wire that gives its version as 1.17.3; yields what was asked."""
    real = settings.NSADMIN_QDRANT_URL
    asked: list[str] = []

    class Older(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            asked.append(f"{self.command} {self.path}")
            answer = httpx.request(
                self.command,
                real + self.path,
                content=self.rfile.read(size),
                headers={"api-key": self.headers.get("api-key", "")},
            )
            body = answer.content
            if self.path == "/":
                body = json.dumps({**answer.json(), "version": "1.17.3"}).encode()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Older)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.NSADMIN_QDRANT_URL = f"http://127.0.0.1:{server.server_port}"
    yield asked
    server.shutdown()
    server.server_close()


def test_appending_is_refused_with_its_reason_and_nothing_is_written(cast, older):
    with pytest.raises(Conflict) as refused:
        commit.commit(cast.actor(), cast.own.namespace_id, parse_patch(TEXT))
    assert refused.value.code == "qdrant_too_old"
    assert refused.value.message == (
        "Adding a vector to a collection needs Qdrant 1.18; this one is 1.17.3."
    )
    assert store.get(cast.own.namespace_id)["revision"] == 1
    assert older
    assert all(line.startswith("GET ") for line in older)
