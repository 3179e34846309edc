"""Every answer names its request, and the log uses the same name."""

import logging

import pytest
from django.test import Client

pytestmark = pytest.mark.usefixtures("stores")  # the cache is one of them


@pytest.mark.parametrize("given", ["req-1234", "a" * 64, "A.b_c-d0"])
def test_a_harmless_id_is_taken_over(given: str) -> None:
    response = Client().get("/v1/nothing", headers={"x-request-id": given})
    assert response.headers["X-Request-Id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "a b c d e f", "x\ty" * 4, "é" * 9]
)
def test_any_other_is_replaced(given: str) -> None:
    response = Client().get("/v1/nothing", headers={"x-request-id": given})
    assert response.headers["X-Request-Id"].startswith("req_")


def test_two_requests_have_two_ids() -> None:
    first, second = (Client().get("/v1/nothing") for _ in range(2))
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_the_log_names_the_same_id(caplog, settings) -> None:
    settings.DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
    with caplog.at_level(logging.INFO, "django_structlog"):
        response = Client().get("/v1/nothing")
    ids = {record.msg["request_id"] for record in caplog.records}
    assert ids == {response.headers["X-Request-Id"]}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("console.example", 404),
        ("console.example:80", 404),
        ("console.example:443", 404),
        ("console.example:8000", 404),  # the web server's own
        ("console.example:9443", 404),  # listed
        ("forwarded.example:1234", 404),  # any port is listed
        ("console.example:2375", 400),
        ("other.example", 400),
    ],
)
def test_links_cannot_lead_to_a_foreign_port(host: str, status: int, settings) -> None:
    settings.ALLOWED_HOSTS = ["console.example", "forwarded.example"]
    settings.NSADMIN_ALLOWED_HOSTS = ["console.example:9443", "forwarded.example:*"]
    headers = {"host": host}
    response = Client().get("/v1/nothing", headers=headers, SERVER_PORT="8000")
    assert response.status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "other.example", "a b", ""])
def test_probes_answer_whatever_the_host(path: str, host: str, settings, db) -> None:
    settings.ALLOWED_HOSTS = ["console.example"]
    settings.SECURE_SSL_REDIRECT = True
    headers = {"host": host}
    assert Client().get(path, headers=headers).status_code == 200
    assert Client().get("/accounts/login/", headers=headers).status_code == 400


def test_a_probe_is_only_read() -> None:
    response = Client().post("/healthz", headers={"host": "10.1.2.3"})
    assert response.status_code == 405
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-Id"].startswith("req_")
