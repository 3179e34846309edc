"""What the embedded engine does not have answers 501, and nothing is forgotten."""

import re

import httpx
import pytest

from tests.contract.qdrant.openapi import Document
from tests.contract.qdrant.steps import error_of

pytestmark = pytest.mark.embedded_only("a server has what the engine lacks")

UNBUILT = {
    ("DELETE", "/cluster/peer/{peer_id}"),
    ("DELETE", "/snapshots/{snapshot_name}"),
    ("GET", "/cluster/telemetry"),
    ("GET", "/snapshots"),
    ("GET", "/snapshots/{snapshot_name}"),
    ("POST", "/cluster/recover"),
    ("POST", "/collections/{collection_name}/points/discover"),
    ("POST", "/collections/{collection_name}/points/discover/batch"),
    ("POST", "/collections/{collection_name}/points/query/groups"),
    ("POST", "/collections/{collection_name}/points/recommend"),
    ("POST", "/collections/{collection_name}/points/recommend/batch"),
    ("POST", "/collections/{collection_name}/points/recommend/groups"),
    ("POST", "/collections/{collection_name}/points/search"),
    ("POST", "/collections/{collection_name}/points/search/batch"),
    ("POST", "/collections/{collection_name}/points/search/groups"),
    ("POST", "/collections/{collection_name}/points/search/matrix/offsets"),
    ("POST", "/collections/{collection_name}/points/search/matrix/pairs"),
    ("POST", "/snapshots"),
}


def filled_in(template: str) -> str:
    return re.sub(r"\{\w+\}", "nothing", template)


@pytest.mark.parametrize(("method", "template"), sorted(UNBUILT))
def test_an_unbuilt_call_says_so(
    http: httpx.Client, method: str, template: str
) -> None:
    path = filled_in(template)
    text = error_of(http.request(method, path, json={}), 501)
    assert text == f"Not implemented by the embedded engine: {method} {path}"


def test_every_other_call_of_the_document_is_built(
    http: httpx.Client, document: Document | None
) -> None:
    if document is None:
        pytest.skip("Qdrant's OpenAPI document is not here (NSADMIN_QDRANT_OPENAPI)")
    known = set(document.operations())
    assert known >= UNBUILT
    for method, template in sorted(known - UNBUILT):
        reply = http.request(method, filled_in(template), json={})
        assert reply.status_code != 501, (method, template)
        assert reply.status_code != 404 or reply.content, (method, template)


@pytest.mark.parametrize(
    "body",
    [
        {
            "vectors": {"size": 1, "distance": "Dot"},
            "quantization_config": {"turbo": {"always_ram": True}},
        },
    ],
)
def test_a_collection_the_engine_cannot_have(
    http: httpx.Client, name: str, body: dict[str, object]
) -> None:
    error_of(http.put(f"/collections/{name}", json=body), 501)
    assert http.get(f"/collections/{name}").status_code == 404


def test_inference_objects_are_not_there(http: httpx.Client, name: str) -> None:
    config = {"vectors": {"v": {"size": 1, "distance": "Dot"}}}
    http.put(f"/collections/{name}", json=config)
    document = {"text": "hello", "model": "any"}
    points = [{"id": 1, "vector": {"v": document}}]
    reply = http.put(f"/collections/{name}/points", json={"points": points})
    text = "Service internal error: InferenceService URL not configured"
    assert error_of(reply, 500).startswith(text)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/collections/c/nothing"),
        ("POST", "/collections/c"),
        ("PATCH", "/aliases"),
        ("GET", "/collections/c/points/1/more"),
    ],
)
def test_an_unknown_path_is_404_without_a_body(
    http: httpx.Client, method: str, path: str
) -> None:
    reply = http.request(method, path)
    assert (reply.status_code, reply.content) == (404, b"")
