"""How often somebody may ask, and what they are told of it."""

import time
from typing import Any

import pytest

from nsadmin.access.models import ApiKey
from tests.api.conftest import Caller, error_of


@pytest.fixture
def three_a_minute(settings) -> None:
    settings.NSADMIN_RATE_LIMIT = "3/minute"


def test_every_answer_tells_what_is_left(call: Caller, three_a_minute: None) -> None:
    headers = [call("GET", "/namespaces").headers for _ in range(2)]
    assert [h["X-RateLimit-Remaining"] for h in headers] == ["2", "1"]
    assert {h["X-RateLimit-Limit"] for h in headers} == {"3"}
    assert {h["X-RateLimit-Window"] for h in headers} == {"60"}
    assert 0 < int(headers[0]["X-RateLimit-Reset"]) - time.time() <= 61


def test_one_too_many_is_429_until_the_window_ends(
    call: Caller, three_a_minute: None
) -> None:
    statuses = [call("GET", "/namespaces").status_code for _ in range(3)]
    assert statuses == [200] * 3
    refused = call("GET", "/namespaces")
    assert refused.status_code == 429
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    error = error_of(refused)
    assert error["type"] == "TooManyRequestsError"
    wait = error["details"]["retry_after"]
    assert 1 <= wait <= 60
    assert refused.headers["Retry-After"] == str(wait)
    assert (error["details"]["limit"], error["details"]["window"]) == (3, 60)


def test_each_key_has_its_own_count(call: Caller, three_a_minute: None) -> None:
    for _ in range(4):
        call("GET", "/namespaces")
    assert call("GET", "/namespaces").status_code == 429
    assert call("GET", "/namespaces", role="member").status_code == 200


def test_who_guesses_keys_is_counted_by_address(
    call: Caller, three_a_minute: None
) -> None:
    def guess() -> int:
        wrong = "Bearer sk_guess_0000"
        return call("GET", "/namespaces", role=None, authorization=wrong).status_code

    assert [guess() for _ in range(4)] == [401, 401, 401, 429]
    assert call("GET", "/namespaces").status_code == 200


@pytest.mark.parametrize(("proxies", "expected"), [(1, 401), (0, 429), (2, 429)])
def test_the_address_is_the_proxys_word_only_if_it_is_trusted(
    call: Caller, three_a_minute: None, settings, proxies: int, expected: int
) -> None:
    settings.NSADMIN_PROXY_COUNT = proxies
    seen = [
        call("GET", "/namespaces", role=None, x_forwarded_for=f"1.2.3.4, 10.0.0.{n}")
        for n in range(5)
    ]
    assert seen[-1].status_code == expected


def test_without_redis_everybody_is_let_through(call: Caller, settings) -> None:
    settings.NSADMIN_RATE_LIMIT = "1/minute"
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    answers = [call("GET", "/namespaces") for _ in range(3)]
    assert {a.status_code for a in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_nothing_of_the_key_is_in_redis(call: Caller) -> None:
    from nsadmin.stores import redis

    call("GET", "/namespaces")
    kept: list[Any] = redis.client().keys("nsadmin:limits*")
    names = b" ".join(kept).decode()
    key_id = ApiKey.objects.get(name="admin key").key_id
    assert key_id in names
    assert call.cast.keys["admin"].split("_", 2)[2] not in names


def test_the_keys_of_an_organization_have_a_limit_together(
    call: Caller, settings: Any
) -> None:
    settings.NSADMIN_ORGANIZATION_RATE_LIMIT = "3/minute"
    roles = ("admin", "member", "admin", "member")
    answers = [call("GET", "/namespaces", role=role) for role in roles]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert error_of(answers[-1])["details"]["limit"] == 3
