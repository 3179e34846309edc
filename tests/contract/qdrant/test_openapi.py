"""The validator itself: it has to be able to fail."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.qdrant.openapi import Document, ReplyError, document_path

SCROLL = "/collections/c/points/scroll"
GOOD_SCROLL: dict[str, Any] = {
    "result": {
        "points": [{"id": 1, "payload": {"a": 1}, "vector": [0.5, 1.0]}],
        "next_page_offset": None,
    },
    "status": "ok",
    "time": 0.1,
}


@pytest.fixture(scope="module")
def closed() -> Document:
    path = document_path()
    if path is None:
        pytest.skip("Qdrant's OpenAPI document is not here (NSADMIN_QDRANT_OPENAPI)")
    return Document(path, closed=True)


def reply(
    method: str, path: str, status: int, body: Any, kind: str = "application/json"
) -> httpx.Response:
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(
        status,
        content=content,
        headers={"content-type": kind},
        request=httpx.Request(method, f"http://localhost{path}"),
    )


def doctored(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(GOOD_SCROLL))
    change(body)
    return body


def test_a_good_reply_passes(closed: Document) -> None:
    closed.check(reply("POST", SCROLL, 200, GOOD_SCROLL))
    closed.check(reply("GET", "/healthz", 200, "ok", "text/plain; charset=utf-8"))
    error = {"status": {"error": "Not found"}, "time": 0.0}
    closed.check(reply("GET", "/collections/c", 404, error))
    snapshot = "/collections/c/snapshots/s"
    closed.check(reply("GET", snapshot, 404, "Not found: …", "text/plain"))
    closed.check(reply("GET", snapshot, 404, error))


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["result"]["points"][0].update(id=-1),
        lambda body: body["result"]["points"][0].update(id=[1]),
        lambda body: body["result"]["points"][0].update(payload=[1]),
        lambda body: body["result"]["points"][0].update(vector="abc"),
        lambda body: body["result"].pop("points"),
        lambda body: body["result"].update(next_page_offset={"id": 1}),
        lambda body: body["result"].update(unheard_of=1),
        lambda body: body.pop("result"),
        lambda body: body.pop("time"),
        lambda body: body.update(status="done"),
    ],
)
def test_a_doctored_reply_is_rejected(
    closed: Document, change: Callable[[dict[str, Any]], Any]
) -> None:
    with pytest.raises(ReplyError):
        closed.check(reply("POST", SCROLL, 200, doctored(change)))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"status": {"error": 1}, "time": 0.0}, "application/json"),
        (404, {"status": "error", "time": 0.0}, "application/json"),
        (404, {"status": {"error": "x"}}, "application/json"),
        (404, "Not found", "text/plain"),
        (200, "ok", "text/plain"),
        (302, "", "text/plain"),
        (401, {"status": {"error": "x"}, "time": 0.0}, "application/json"),
    ],
)
def test_a_reply_of_the_wrong_shape_is_rejected(
    closed: Document, status: int, body: Any, kind: str
) -> None:
    with pytest.raises(ReplyError):
        closed.check(reply("POST", SCROLL, status, body, kind))


def test_a_call_outside_the_document_may_only_be_unknown(closed: Document) -> None:
    closed.check(reply("GET", "/nothing/here", 404, "", ""))
    with pytest.raises(ReplyError):
        closed.check(reply("GET", "/nothing/here", 200, {}))


def test_the_client_of_the_suite_hands_every_reply_to_the_validator(
    closed: Document, check_reply: Callable[[httpx.Response], None]
) -> None:
    bad = httpx.MockTransport(lambda _: httpx.Response(200, json={"result": {}}))
    hooks = {"response": [check_reply]}
    http = httpx.Client(transport=bad, event_hooks=hooks, base_url="http://x")
    with http, pytest.raises(ReplyError):
        http.post(SCROLL, json={})
