"""Who sent a request, where proxies stand in front: for limits, log and sessions alike."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory

from nsadmin.access.models import User
from nsadmin.access.web.allauth_adapter import ClosedAdapter
from nsadmin.access.web.client_address import client_address
from tests.cast import Cast
from tests.people import PASSWORD

PROXY = "10.0.0.1"
REFUSED = b"Wait five minutes, then try again."


@pytest.mark.parametrize(
    ("count", "header", "expected"),
    [
        (0, None, PROXY),
        (0, "198.51.100.7", PROXY),
        (1, None, PROXY),
        (1, "", PROXY),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9,198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (2, "198.51.100.7", PROXY),
        (1, "198.51.100.7:51234", "198.51.100.7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "2001:DB8:0::7", "2001:db8::7"),
        (1, "[2001:db8::7]:51234", "2001:db8::7"),
        (1, "[2001:db8::7]", "2001:db8::7"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
        (1, "unknown", PROXY),
        (1, "198.51.100.7, ", PROXY),
        (1, "198.51.100.7, ' OR 1=1", PROXY),
    ],
)
def test_that_many_entries_from_the_end_are_believed(
    settings, count: int, header: str | None, expected: str
) -> None:
    settings.NSADMIN_PROXY_COUNT = count
    headers = {} if header is None else {"x-forwarded-for": header}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=PROXY)
    assert client_address(request) == expected
    assert ClosedAdapter(request).get_client_ip(request) == expected


def sign_in(email: str, password: str, forwarded: str):
    data = {"login": email, "password": password}
    headers = {"x-forwarded-for": forwarded}
    client = Client(headers=headers, REMOTE_ADDR=PROXY)
    return client.post("/accounts/login/", data)


@pytest.fixture
def known(cast: Cast) -> str:
    """The address of an account."""
    cache.clear()
    User.objects.create_user("known@example.org", PASSWORD)
    return "known@example.org"


def test_bad_passwords_from_many_addresses_lock_nobody_else_out(
    known: str, settings
) -> None:
    settings.NSADMIN_PROXY_COUNT = 1
    for n in range(11):
        answer = sign_in(f"person{n}@example.org", "wrong", f"198.51.100.{n}")
        assert REFUSED not in answer.content
    assert sign_in(known, PASSWORD, "198.51.100.200").status_code == 302


def test_one_address_is_still_limited_behind_a_proxy(known: str, settings) -> None:
    settings.NSADMIN_PROXY_COUNT = 1
    answers = [
        sign_in(f"person{n}@example.org", "wrong", f"203.0.113.{n}, 198.51.100.7")
        for n in range(11)
    ]
    assert [REFUSED in answer.content for answer in answers] == [False] * 10 + [True]
    assert REFUSED in sign_in(known, PASSWORD, "198.51.100.7").content
    assert sign_in(known, PASSWORD, "198.51.100.8").status_code == 302


def test_without_a_proxy_the_header_of_a_client_changes_nothing(
    known: str, settings
) -> None:
    settings.NSADMIN_PROXY_COUNT = 0
    answers = [
        sign_in(f"person{n}@example.org", "wrong", f"198.51.100.{n}") for n in range(11)
    ]
    assert [REFUSED in answer.content for answer in answers] == [False] * 10 + [True]


def test_wrong_passwords_of_others_do_not_keep_the_owner_out(
    known: str, settings
) -> None:
    settings.NSADMIN_PROXY_COUNT = 1
    answers = [sign_in(known, "wrong", "198.51.100.7") for _ in range(7)]
    assert [REFUSED in answer.content for answer in answers] == [False] * 5 + [True] * 2
    for n in range(23):
        answer = sign_in(known, "wrong", f"203.0.113.{n}")
        assert REFUSED not in answer.content
    assert sign_in(known, PASSWORD, "198.51.100.200").status_code == 302
    assert REFUSED in sign_in(known, PASSWORD, "198.51.100.7").content


def test_guessing_from_many_addresses_ends_too(known: str, settings) -> None:
    settings.NSADMIN_PROXY_COUNT = 1
    for n in range(30):
        answer = sign_in(known, "wrong", f"203.0.113.{n}")
        assert REFUSED not in answer.content
    assert REFUSED in sign_in(known, PASSWORD, "198.51.100.200").content


@pytest.mark.parametrize(("count", "logged"), [(1, "198.51.100.7"), (0, PROXY)])
@pytest.mark.usefixtures("stores")
def test_the_request_log_has_the_same_address(
    caplog, settings, count: int, logged: str
) -> None:
    settings.NSADMIN_PROXY_COUNT = count
    headers = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    with caplog.at_level(logging.INFO, "django_structlog"):
        Client(headers=headers, REMOTE_ADDR=PROXY).get("/v1/nothing")
    assert caplog.records
    assert {record.msg["ip"] for record in caplog.records} == {logged}
