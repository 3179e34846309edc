"""Every answer names its request, and the log uses the same name."""

import logging
from contextlib import suppress

import pytest
from django.core.signals import got_request_exception
from django.http import HttpResponse
from django.test import Client, RequestFactory

from nsadmin.access.web.middleware import RequestLogMiddleware

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
    ("path", "route", "code"),
    [
        ("/healthz?token=hidden", "healthz", 200),
        ("/v1/namespaces/ns_a", "v1/namespaces/<identifier>", 401),
        ("/nothing", "unmatched", 404),
    ],
)
def test_the_log_has_route_status_and_duration(path, route, code, caplog) -> None:
    with caplog.at_level(logging.INFO, "django_structlog"):
        Client().get(path)
    [ended] = [r.msg for r in caplog.records if r.msg["event"] == "request_finished"]
    assert (ended["route"], ended["code"]) == (route, code)
    assert 0 < ended["duration_ms"] < 60_000
    assert "hidden" not in str(ended)


def test_an_unexpected_error_is_logged_with_the_same(caplog) -> None:
    request = RequestFactory().get("/healthz")

    def fail(_request) -> HttpResponse:
        with suppress(ZeroDivisionError):
            try:
                1 / 0  # noqa: B018 - it raises
            finally:
                got_request_exception.send(sender=None, request=request)
        return HttpResponse(status=500)

    with caplog.at_level(logging.INFO, "django_structlog"):
        RequestLogMiddleware(fail)(request)
    [failed] = [r.msg for r in caplog.records if r.msg["event"] == "request_failed"]
    assert (failed["route"], failed["code"]) == ("unmatched", 500)
    assert failed["duration_ms"] > 0


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
