"""A reader of collections without any code of the product, and a proxy that limits.

The reader is the judge of a clone, so it shares nothing with what made the clone.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Json = dict[str, Any]


class Reader:
    """Plain HTTP to one Qdrant."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"api-key": key}, timeout=60, trust_env=False
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """The result of a call that has to succeed."""
        answer = self._http.request(method, path, json=body)
        assert answer.status_code == 200, answer.text[:500]
        return answer.json()["result"]

    def config(self, name: str) -> Json:
        """The configuration as Qdrant shows it."""
        found: Json = self.ask("GET", f"/collections/{name}")["config"]
        return found

    def every_point(self, name: str, *, page: int = 4) -> dict[Any, Json]:
        """All points with payload and vectors by their ids."""
        found: dict[Any, Json] = {}
        offset = None
        while True:
            body = {"limit": page, "with_vector": True, "with_payload": True}
            if offset is not None:
                body["offset"] = offset
            result = self.ask("POST", f"/collections/{name}/points/scroll", body)
            found |= {point["id"]: point for point in result["points"]}
            offset = result["next_page_offset"]
            if offset is None:
                return found

    def remake(self, name: str, body: Json) -> None:
        """Make a collection anew, from the body of a creation."""
        self.ask("DELETE", f"/collections/{name}")
        self.ask("PUT", f"/collections/{name}", body)

    def put(self, name: str, points: list[Json]) -> None:
        """Write points one by one, so that no limit on bodies matters."""
        for point in points:
            path = f"/collections/{name}/points?wait=true"
            self.ask("PUT", path, {"points": [point]})

    def require_equal(self, source: str, clone: str, *, points: int) -> None:
        """Both have the same points; for payloads without ids of resources."""
        before, after = self.every_point(source), self.every_point(clone)
        assert len(before) == points
        assert before.keys() == after.keys()
        for own_id, point in before.items():
            assert point["payload"] == after[own_id]["payload"]
            assert same_numbers(point["vector"], after[own_id]["vector"])

    def strict(self, name: str, rules: Json) -> None:
        """Change the strict mode of a collection."""
        self.ask("PATCH", f"/collections/{name}", {"strict_mode_config": rules})


def same_numbers(one: Any, other: Any) -> bool:
    """Whether two vectors are equal up to the rounding of cosine collections."""
    if one == other:
        return True
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            same_numbers(one[key], other[key]) for key in one
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_numbers, one, other))
    return abs(one - other) <= 1e-5 * max(1.0, abs(one))


def plain_points(count: int, *, size: int = 4, text: str = "x") -> list[Json]:
    """Points with one vector named v, and payloads without ids of resources."""
    return [
        {
            "id": number,
            "vector": {"v": [(number * at) % 13 + 0.25 for at in range(1, size + 1)]},
            "payload": {"number": number, "text": f"{number} {text}", "none": None},
        }
        for number in range(1, count + 1)
    ]


@dataclass
class Asked:
    """A request that came to the proxy."""

    method: str
    path: str
    body: bytes

    @property
    def json(self) -> Json:
        """The body of the request."""
        found: Json = json.loads(self.body)
        return found


@dataclass
class Answer:
    """An answer of the proxy itself."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, text: str, **headers: str) -> Answer:
    """An error with Qdrant's shape."""
    body = json.dumps({"status": {"error": text}, "time": 0.0}).encode()
    return Answer(status, body, headers)


def answered(result: Any) -> Answer:
    """A success with Qdrant's shape."""
    return Answer(200, json.dumps({"result": result, "status": "ok"}).encode())


def scrolled(points: list[Json], next_offset: Any) -> Answer:
    """A page of points, as the server answers a scroll."""
    return answered({"points": points, "next_page_offset": next_offset})


Rule = Callable[[Asked], Answer | None]


class Proxy:
    """A server before Qdrant; `rule` answers what it does not pass on."""

    def __init__(self, url: str) -> None:
        self.rule: Rule = lambda _: None
        self.asked: list[Asked] = []
        self._behind = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._server = _server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked, headers: dict[str, str]) -> Answer:
        """The answer of the rule, or else of Qdrant."""
        self.asked.append(asked)
        if (own := self.rule(asked)) is not None:
            return own
        passed = self._behind.request(
            asked.method, asked.path, content=asked.body, headers=headers
        )
        kept = {k: v for k, v in passed.headers.items() if k.lower() == "retry-after"}
        return Answer(passed.status_code, passed.content, kept)

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
            self._behind.close()


def _server(proxy: Proxy) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the second would wait 40 ms

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            kept = ("api-key", "content-type")
            headers = {k: v for k, v in self.headers.items() if k.lower() in kept}
            answer = proxy.answer(Asked(self.command, self.path, body), headers)
            self.send_response(answer.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    server = _QuietServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


class _QuietServer(ThreadingHTTPServer):
    """A server that does not print when a client or Qdrant ends a connection early."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError | httpx.TransportError):
            super().handle_error(request, client_address)
