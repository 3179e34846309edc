"""What every answer of the API owes to HTTP: HEAD, Allow, caches, one 404."""

import json

import pytest
from django.test import Client

from tests.api.conftest import Caller, error_of
from tests.api.endpoints import ENDPOINTS, Endpoint

GETS = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET"]
NAMED = [endpoint for endpoint in ENDPOINTS if "{identifier}" in endpoint.path]


@pytest.mark.parametrize("endpoint", GETS, ids=str)
def test_head_answers_as_get_without_the_body(call: Caller, endpoint: Endpoint) -> None:
    path = endpoint.at(call.cast.own.namespace_id)
    for role in ("admin", None):
        whole, head = call("GET", path, role=role), call("HEAD", path, role=role)
        assert head.status_code == whole.status_code
        assert head.content == b""
        assert head.headers["Content-Length"] == str(len(whole.content))
        assert head.headers.get("ETag") == whole.headers.get("ETag")
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]


def test_head_is_refused_where_get_is(call: Caller) -> None:
    response = call("HEAD", "/tasks/list")
    assert response.status_code in (404, 405)  # `list` reads like a task's id
    response = call("HEAD", f"/namespaces/{call.cast.own.namespace_id}/clone")
    assert (response.status_code, response.content) == (405, b"")
    assert response.headers["Allow"] == "POST"
    response = call("TRACE", "/namespaces")
    assert {"GET", "HEAD", "POST"} >= set(response.headers["Allow"].split(", "))
    assert "HEAD" in response.headers["Allow"]


@pytest.mark.parametrize(
    "path", ["openapi.json", "docs", "tasks/x", "namespaces/x/stats"]
)
def test_what_is_only_read_takes_no_post_and_asks_for_no_token(
    call: Caller, path: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    for method in ("POST", "PUT", "PATCH"):
        response = client.generic(
            method, f"/v1/{path}", "{}", "application/json", headers=call.cast.bearer()
        )
        assert response.status_code == 405, (method, path)
        assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("GET /namespaces", 301),
        ("POST /healthz", 405),
        ("TRACE /v1/namespaces", 405),
        ("GET /v1/nothing", 404),
        ("GET /nothing", 404),
    ],
)
@pytest.mark.parametrize("only_https", [False, True])
def test_no_cache_keeps_what_does_not_say_so(
    call: Caller, settings, asked: str, status: int, only_https: bool
) -> None:
    settings.SECURE_SSL_REDIRECT = only_https
    method, path = asked.split()
    headers = call.cast.bearer()
    response = Client(raise_request_exception=False).generic(
        method, path, headers=headers
    )
    exempt = path == "/healthz"
    assert response.status_code == (301 if only_https and not exempt else status)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("endpoint", NAMED, ids=str)
def test_what_is_foreign_answers_exactly_like_what_is_not_there(
    call: Caller, endpoint: Endpoint
) -> None:
    foreign = call.cast.foreign.namespace_id
    unknown = foreign[:-4] + "0000"
    for headers in ({}, {"if_match": '"r1", "r2"'}):
        answers = []
        for identifier in (foreign, unknown):
            response = call(
                endpoint.method, endpoint.at(identifier), endpoint.body, **headers
            )
            assert response.status_code == 404
            error_of(response)
            content = json.loads(response.content)
            content["error"]["details"].pop("request_id")
            kept = {
                k: v
                for k, v in response.headers.items()
                if k != "X-Request-Id" and not k.startswith("X-RateLimit")
            }
            answers.append((json.dumps(content).replace(identifier, "…"), kept))
        assert answers[0] == answers[1]


@pytest.mark.parametrize(("door", "status"), [("page", 400), ("api", 413)])
def test_a_post_that_is_too_large_is_no_error_of_ours(
    call: Caller, door: str, status: int, caplog
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(call.cast.users["admin"])
    own = call.cast.own.namespace_id
    path = f"/namespaces/{own}/settings/" if door == "page" else "/v1/namespaces/list"
    response = client.post(
        path,
        b"description=" + b"x" * 3_000_000,
        content_type="application/x-www-form-urlencoded",
        headers=call.cast.bearer() if door == "api" else {},
    )
    assert response.status_code == status
    assert not [r for r in caplog.records if r.exc_info or r.levelname == "ERROR"]
