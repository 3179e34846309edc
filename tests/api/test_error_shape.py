"""Every error of every endpoint has one shape and names its request."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import Caller, error_of, locations_of
from tests.api.endpoints import ENDPOINTS, Endpoint
from tests.silent_database import silent_database

JSON = "application/json"
# What no endpoint reads: raw bytes, media type, status, code.
UNREADABLE: list[tuple[bytes, str, int, str]] = [
    (b"{", JSON, 400, "not_json"),
    (b'{"a": 1, "a": 2}', JSON, 400, "duplicate_key"),
    (b'{"a": NaN}', JSON, 400, "not_json"),
    (b'{"a": "\\u0000"}', JSON, 400, "nul_character"),
    (b'{"a": "\\ud800"}', JSON, 400, "lone_surrogate"),
    (b'{"a": ' + b"9" * 80 + b"}", JSON, 400, "number_too_large"),
    (b'{"a":' * 2_000, JSON, 400, "too_deep"),
    (b'{"a":' * 100_000, JSON, 400, "too_deep"),
    (b'"' + b"x" * 2_000_000 + b'"', JSON, 413, "body_too_large"),
    (b'"' + b"x" * 3_000_000 + b'"', JSON, 413, "body_too_large"),
    (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    (b"{}", "text/plain", 415, "unsupported_media_type"),
    (b"[]", JSON, 422, "invalid"),
    (b'{"nothing": 1}', JSON, 422, "invalid"),
]


# Method, path below the namespace, body: the sentence that the envelope shows.
SAID: list[tuple[str, str, dict[str, object], str]] = [
    (
        "PATCH",
        "",
        {"infrastructure": {"max_concurrent_jobs": 0}},
        "infrastructure.max_concurrent_jobs: At least 1.",
    ),
    ("POST", "/filter-usage", {}, "fields: Field required."),
    (
        "PUT",
        "",
        {"": 1},
        (
            "Unknown field with an empty name; "
            "known fields: namespace_name, payload_indexes."
        ),
    ),
    (
        "PUT",
        "",
        {"speed": 1},
        ("speed: Unknown field speed; known fields: namespace_name, payload_indexes."),
    ),
    (
        "PATCH",
        "",
        {"infrastructure": {"speed": 1}},
        (
            "infrastructure.speed: Unknown field speed; known fields: "
            "qdrant_collection, compute_tier, description, max_concurrent_jobs, "
            "autoscaling_enabled, ray_head_node_url, min_workers, max_workers, "
            "gpu_type, gpus_per_worker and 12 more."
        ),
    ),
    (
        "PATCH",
        "",
        {"namespace_name": "a"},
        "namespace_name: The name needs at least 3 characters; it has 1.",
    ),
]
MULTIFILE = {"feature_extractor_name": "gemini_multifile_extractor", "version": "v1"}


@pytest.mark.parametrize(("method", "below", "body", "sentence"), SAID)
def test_the_message_says_where(
    call: Caller, method: str, below: str, body: dict[str, object], sentence: str
) -> None:
    response = call(method, f"/namespaces/{call.cast.own.namespace_id}{below}", body)
    assert response.status_code == 422
    assert error_of(response)["message"] == sentence


@pytest.mark.parametrize(("value", "shown"), [(True, "true"), (None, "null")])
def test_a_value_is_quoted_as_it_was_sent(
    call: Caller, value: object, shown: str
) -> None:
    entry = {**MULTIFILE, "params": {"output_dimensionality": value}}
    path = f"/namespaces/{call.cast.own.namespace_id}"
    response = call("PATCH", path, {"feature_extractors": [entry]})
    assert response.status_code == 422
    assert error_of(response)["message"].endswith(f"; it is {shown}.")


def test_without_a_key(call: Caller) -> None:
    for endpoint in ENDPOINTS:
        path = endpoint.at(call.cast.own.namespace_id)
        response = call(endpoint.method, path, endpoint.body, role=None)
        assert response.status_code == 401, endpoint
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert error_of(response)["type"] == "UnauthorizedError"


def test_with_a_query_that_it_does_not_know(call: Caller) -> None:
    for endpoint in ENDPOINTS:
        path = endpoint.at(call.cast.own.namespace_id)
        asked = f"{path}{'&' if endpoint.query else '?'}dryrun=true"
        response = call(endpoint.method, asked, endpoint.body, role=endpoint.role)
        assert locations_of(response) == ["query.dryrun"], endpoint


def test_with_a_method_that_it_does_not_know(call: Caller) -> None:
    for endpoint in ENDPOINTS:
        response = call("TRACE", endpoint.at(call.cast.own.namespace_id))
        assert response.status_code == 405, endpoint
        assert endpoint.method in response.headers["Allow"].split(", ")
        assert error_of(response)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.body is not None], ids=str
)
def test_with_a_body_that_cannot_be(call: Caller, endpoint: Endpoint) -> None:
    path = endpoint.at(call.cast.own.namespace_id)
    for raw, media, status, code in UNREADABLE:
        response = call(endpoint.method, path, role=endpoint.role, raw=raw, media=media)
        assert response.status_code == status, (raw[:20], response.content)
        assert error_of(response)["code"] == code


@pytest.mark.parametrize("path", ["/", "/nothing", "/namespaces/a/b/c", "/docs/x"])
@pytest.mark.parametrize("role", [None, "admin"])
def test_an_unknown_address(call: Caller, path: str, role: str | None) -> None:
    response = call("GET", path, role=role)
    assert response.status_code == 404
    assert error_of(response)["type"] == "NotFoundError"


def test_a_store_that_is_away(call: Caller, settings) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    path = f"/namespaces/{call.cast.own.namespace_id}"
    response = call("PATCH", path, {"description": "x"})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    error = error_of(response)
    assert error["type"] == "UnavailableError"
    assert error["details"]["store"] == "namespace store"
    assert "127.0.0.1" not in response.content.decode()


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/namespaces", None, 401),
        ("/namespaces", "admin", 503),
        ("/openapi.json", None, 200),
        ("/docs", None, 503),  # the page is in the theme of the person
        ("/nothing", None, 404),
    ],
)
def test_a_session_cookie_beside_a_database_that_is_away(
    call: Caller, path: str, role: str | None, status: int
) -> None:
    browser = call.cast.browser()
    headers = call.cast.bearer(role) if role else {}
    with silent_database():
        response: Any = browser.get(f"/v1{path}", headers=headers)
    assert response.status_code == status
    if status >= 400:
        error_of(response)
    assert response.headers.get("Retry-After") == ("5" if status == 503 else None)


def test_a_host_that_is_not_ours(call: Caller) -> None:
    response = call("GET", "/namespaces", host="elsewhere.example")
    assert response.status_code == 400
    error_of(response)


def test_an_unexpected_fault_tells_nothing(call: Caller, settings, caplog) -> None:
    settings.NSADMIN_RATE_LIMIT = "not a limit: secret-looking text"
    response = call("GET", "/namespaces")
    assert response.status_code == 500
    error = error_of(response)
    assert error["type"] == "InternalServerError"
    assert "limit" not in json.dumps(error)
    assert "Traceback" not in response.content.decode()
    assert any("secret-looking text" in str(r.msg) for r in caplog.records)


def test_pages_are_left_alone(client: Client, stores: object) -> None:
    response = client.get("/nothing")
    assert "application/json" not in response.headers["Content-Type"]
