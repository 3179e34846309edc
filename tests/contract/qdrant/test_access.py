"""Keys: none, wrong, full, read-only."""

from typing import Any

import httpx
import pytest

from tests.contract.qdrant.conftest import FOREIGN_KEY, FOREIGN_URL, READ_ONLY_KEY, Raw
from tests.contract.qdrant.steps import error_of

if FOREIGN_URL and not FOREIGN_KEY:
    pytest.skip("the foreign server asks for no key", allow_module_level=True)


@pytest.mark.parametrize("path", ["/", "/healthz", "/livez", "/readyz"])
def test_the_probes_are_open(raw: Raw, url: str, path: str) -> None:
    assert raw(url, None).get(path).status_code == 200


@pytest.mark.parametrize("path", ["/collections", "/metrics", "/telemetry", "/aliases"])
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "Must provide an API key or an Authorization bearer token"),
        ({"api-key": ""}, "Must provide an API key or an Authorization bearer token"),
        ({"api-key": "wrong"}, "Invalid API key or JWT"),
        ({"authorization": "Bearer wrong"}, "Invalid API key or JWT"),
    ],
)
def test_without_the_key_nothing_else_is(
    raw: Raw, url: str, path: str, headers: dict[str, str], text: str
) -> None:
    reply = raw(url, None).get(path, headers=headers)
    assert (reply.status_code, reply.text) == (401, text)


def test_the_key_may_come_as_a_bearer_token(
    raw: Raw, url: str, api_key: str | None
) -> None:
    headers = {"authorization": f"Bearer {api_key}"}
    assert raw(url, None).get("/collections", headers=headers).status_code == 200


@pytest.mark.embedded_only("a server of somebody else has no read-only key of ours")
def test_the_read_only_key_reads_and_does_not_write(
    raw: Raw, url: str, http: httpx.Client, name: str
) -> None:
    path = f"/collections/{name}"
    vectors = {"vectors": {"size": 1, "distance": "Dot"}}
    assert http.put(path, json=vectors).is_success
    reader = raw(url, READ_ONLY_KEY)
    for reading in ("/collections", path, f"{path}/exists", "/aliases", "/metrics"):
        assert reader.get(reading).status_code == 200
    bodies: dict[str, Any]
    bodies = {"scroll": {}, "count": {}, "query": {}, "query/batch": {"searches": []}}
    for call, body in bodies.items():
        assert reader.post(f"{path}/points/{call}", json=body).status_code == 200
    assert reader.post(f"{path}/points", json={"ids": [1]}).status_code == 200

    writes: list[tuple[str, str, Any]] = [
        ("PUT", f"{path}2", vectors),
        ("PATCH", path, {"metadata": {"a": 1}}),
        ("DELETE", path, None),
        ("PUT", f"{path}/points", {"points": [{"id": 1, "vector": [1]}]}),
        ("POST", f"{path}/points/delete", {"points": [1]}),
        ("POST", f"{path}/points/payload", {"payload": {}, "points": [1]}),
        ("POST", f"{path}/points/batch", {"operations": []}),
        ("PUT", f"{path}/index", {"field_name": "k", "field_schema": "keyword"}),
        ("DELETE", f"{path}/index/k", None),
        ("PUT", f"{path}/vectors/b", {"sparse": {}}),
        ("POST", "/collections/aliases", {"actions": []}),
        ("POST", f"{path}/snapshots", None),
        ("PUT", f"{path}/snapshots/recover", {"location": "file:///x"}),
        ("POST", "/snapshots", None),
    ]
    for method, place, body in writes:
        refusal = error_of(reader.request(method, place, json=body), 403)
        assert refusal.startswith("Forbidden: ")
    assert http.get(path).json()["result"]["points_count"] == 0
