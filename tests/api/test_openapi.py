"""The OpenAPI document says what is true, and its page needs nothing from elsewhere."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from nsadmin.api import docs_page
from nsadmin.api.http.openapi import NDJSON
from tests.api.conftest import Caller
from tests.api.endpoints import ENDPOINTS, Endpoint
from tests.cast import make_resources


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return docs_page.schema()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path.removeprefix('/v1')}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_list_of_endpoints_is_complete(document: dict[str, Any]) -> None:
    assert sorted(operations(document)) == sorted(str(e) for e in ENDPOINTS)


def test_it_is_served_without_a_key(stores: object, document: dict[str, Any]) -> None:
    response = Client().get("/v1/openapi.json")
    assert response.status_code == 200
    assert json.loads(response.content) == document


def test_every_operation_is_named_explained_and_locked(
    document: dict[str, Any],
) -> None:
    found = operations(document)
    names = [operation["operationId"] for operation in found.values()]
    assert len(set(names)) == len(names)
    for operation in found.values():
        assert operation["description"]
        assert operation["security"] == [{"BearerKey": []}]
        codes = set(operation["responses"])
        assert {"401", "403", "404", "422", "429", "503"} <= codes
        assert codes & {"200", "201"}
    scheme = document["components"]["securitySchemes"]["BearerKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document))
    assert set(names) <= set(document["components"]["schemas"])
    assert '"#/$defs' not in json.dumps(document)


READ_BY = {
    "Idempotency-Key": ("POST", "/namespaces"),
    "If-Match": ("PATCH", "/namespaces/{identifier}"),
}
HEADERS = [
    ("Idempotency-Key", "k" * 255, 200),
    ("Idempotency-Key", "k" * 256, 400),
    ("Idempotency-Key", "a b", 400),
    ("Idempotency-Key", "", 400),
    ("If-Match", '"r1"', 200),
    ("If-Match", 'W/"x", "r1"', 200),
    ("If-Match", "r1", 200),
    ("If-Match", "*", 200),
    ("If-Match", '"r1', 400),
    ("If-Match", "five", 400),
]


@pytest.mark.parametrize(("name", "value", "status"), HEADERS)
def test_a_header_is_read_as_the_document_describes_it(
    call: Caller, document: dict[str, Any], name: str, value: str, status: int
) -> None:
    method, path = READ_BY[name]
    parameters = operations(document)[f"{method} {path}"]["parameters"]
    (schema,) = [p["schema"] for p in parameters if p["name"] == name]
    assert Draft202012Validator(schema).is_valid(value) == (status < 400)
    body = {"namespace_name": "another"}
    at = path.format(identifier=call.cast.own.namespace_id)
    assert call(method, at, body, **{name: value}).status_code == status


LATER = (datetime.now(UTC) + timedelta(days=30)).isoformat()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ttl_seconds": None}, 422),
        ({"ttl_seconds": 3600, "expires_at": LATER}, 422),
        ({"ttl_seconds": 3600}, 200),
        ({"expires_at": None}, 200),
        ({"ttl_seconds": None, "expires_at": LATER}, 200),
    ],
)
def test_an_end_is_said_once_as_the_document_describes_it(
    call: Caller, document: dict[str, Any], body: dict[str, Any], status: int
) -> None:
    found = operations(document)["POST /namespaces/{identifier}/extend"]
    schema = found["requestBody"]["content"]["application/json"]["schema"]
    assert Draft202012Validator(schema).is_valid(body) == (status == 200)
    path = f"/namespaces/{call.cast.own.namespace_id}/extend"
    assert call("POST", path, body).status_code == status


def test_bodies_are_described_where_they_are_read(document: dict[str, Any]) -> None:
    found = operations(document)
    for endpoint in ENDPOINTS:
        described = "requestBody" in found[str(endpoint)]
        assert described == (endpoint.body is not None), endpoint
    body = found["PATCH /namespaces/{identifier}"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {
        "namespace_name",
        "description",
        "feature_extractors",
        "payload_indexes",
        "auto_create_indexes",
        "repair_vectors",
        "infrastructure",
    }


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.path != "/tasks/{task_id}"], ids=str
)
def test_every_answer_has_the_shape_that_is_described(
    call: Caller, document: dict[str, Any], endpoint: Endpoint
) -> None:
    make_resources(call.cast.own)
    call(
        "POST",
        f"/namespaces/{call.cast.own.namespace_id}/clone",
        {"namespace_name": "another"},
    )
    responses = operations(document)[str(endpoint)]["responses"]
    path = endpoint.at(call.cast.own.namespace_id)
    wrong = "&no=1" if endpoint.query else "?no=1"
    for query, role in (("", endpoint.role), (wrong, endpoint.role), ("", None)):
        response = call(endpoint.method, path + query, endpoint.body, role=role)
        content = responses[str(response.status_code)]["content"]
        media = response.headers["Content-Type"]
        is_stream = media == NDJSON
        for answer in answers(response.content, is_stream=is_stream):
            require(answer, content[media], document)


def answers(content: bytes, *, is_stream: bool) -> list[Any]:
    """The JSON values of an answer: one, or one in each line of a stream."""
    parts = content.splitlines() if is_stream else [content]
    assert parts
    return [json.loads(part) for part in parts]


def test_a_task_has_the_shape_that_is_described(
    call: Caller, document: dict[str, Any]
) -> None:
    made = call(
        "POST",
        f"/namespaces/{call.cast.own.namespace_id}/clone",
        {"namespace_name": "another"},
    )
    task_id = json.loads(made.content)["task_id"]
    for method in ("GET", "DELETE"):
        operation = operations(document)[f"{method} /tasks/{{task_id}}"]
        content = operation["responses"]["200"]["content"]["application/json"]
        response = call(method, f"/tasks/{task_id}")
        require(json.loads(response.content), content, document)


def test_other_forms_of_an_answer_are_described_too(
    call: Caller, document: dict[str, Any]
) -> None:
    found = operations(document)
    for method, template, query, body in (
        ("PATCH", "/namespaces/{identifier}", "?dry_run=true", {"description": "x"}),
        ("POST", "/namespaces/list", "?view=summary&include_system=true", {}),
    ):
        content = found[f"{method} {template}"]["responses"]["200"]["content"]
        path = template.replace("{identifier}", call.cast.own.namespace_id)
        response = call(method, path + query, body)
        require(json.loads(response.content), content["application/json"], document)


def require(answer: Any, content: dict[str, Any], document: dict[str, Any]) -> None:
    schema = {**content["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer)


# The page ----------------------------------------------------------------------------


def test_the_page_shows_every_operation(
    stores: object, document: dict[str, Any]
) -> None:
    response = Client().get("/v1/docs")
    assert response.status_code == 200
    page = response.content.decode()
    for name in operations(document):
        method, _, path = name.partition(" ")
        assert f"{method} /v1{path}" in page
    for model in ("NamespaceModel", "ErrorEnvelope"):
        assert f'id="{model}"' in page


def test_the_page_obeys_the_policy(stores: object) -> None:
    response = Client().get("/v1/docs")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert not re.search(r'(src|href)="(https?:)?//', page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_page_is_only_read(stores: object) -> None:
    response = Client().post("/v1/docs")
    assert response.status_code == 405
    assert json.loads(response.content)["error"]["code"] == "method_not_allowed"


def test_the_page_is_grouped_with_a_table_of_contents(
    stores: object, document: dict[str, Any]
) -> None:
    page = Client().get("/v1/docs").content.decode()
    titles = [tag["name"] for tag in document["tags"]]
    assert titles[:2] == ["Namespaces", "Tasks"]
    assert {t for o in operations(document).values() for t in o["tags"]} == set(titles)
    targets = re.findall(
        r'href="#([^"]+)"', page.split("<nav", 1)[1].split("</nav>")[0]
    )
    shown = re.findall(r'\sid="([^"]+)"', page)
    names = [o["operationId"] for o in operations(document).values()]
    assert set(names) < set(targets) <= set(shown)
    # In the page as in its contents: the first is no act on many at once.
    assert [i for i in shown if i in targets] == targets
    assert targets[:3] == ["namespaces", "list_all_namespaces", "create_namespace"]
