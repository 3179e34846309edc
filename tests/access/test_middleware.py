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
