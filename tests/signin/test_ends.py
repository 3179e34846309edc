"""The end of a session: by idleness, by age; polls extend neither."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nsadmin.access.signin import ends
from tests.cast import Cast
from tests.people import PASSWORD

PAGE = "/account/"
POLL = {
    "HX-Request": "true",
    "X-Poll": "1",
    "HX-Current-URL": "http://testserver/jobs/",
}


def age(client: Client, *, seen_s: float = 0, began_s: float = 0) -> None:
    """Let the session be older than it is."""
    session = client.session
    session[ends.SEEN_AT] -= seen_s
    session[ends.BEGAN_AT] -= began_s
    session.save()


@pytest.mark.parametrize(("idle_s", "goes_on"), [(1790, True), (1801, False)])
def test_a_session_ends_without_activity(sign_in, idle_s: int, goes_on: bool) -> None:
    client = sign_in("member")
    age(client, seen_s=idle_s)
    assert (client.get(PAGE).status_code == 200) == goes_on
    assert (client.get(PAGE).status_code == 200) == goes_on


@pytest.mark.parametrize(("age_s", "goes_on"), [(43_190, True), (43_201, False)])
def test_a_session_ends_at_its_longest_time(sign_in, age_s: int, goes_on: bool) -> None:
    client = sign_in("member")
    age(client, began_s=age_s)
    assert (client.get(PAGE).status_code == 200) == goes_on


def test_the_sign_in_says_why_and_leads_back(cast: Cast, sign_in) -> None:
    client = sign_in("member")
    age(client, seen_s=1801)
    answer = client.get("/jobs/?state=failed")
    assert answer.headers["Location"] == "/accounts/login/?next=/jobs/%3Fstate%3Dfailed"
    shown = client.get(answer.headers["Location"])
    assert "after a time without activity" in shown.content.decode()
    data = {"login": cast.users["member"].email, "password": PASSWORD}
    back = client.post(answer.headers["Location"], data)
    assert back.headers["Location"] == "/jobs/?state=failed"
    assert client.get(PAGE).status_code == 200


def test_a_poll_is_no_activity_and_a_click_is(sign_in) -> None:
    client = sign_in("member")
    age(client, seen_s=1000)
    before = client.session[ends.SEEN_AT]
    assert client.get("/jobs/badge/", headers=POLL).status_code == 200
    assert client.session[ends.SEEN_AT] == before
    client.get("/jobs/")
    assert client.session[ends.SEEN_AT] > before + 900


def test_a_poll_is_told_of_the_end(sign_in) -> None:
    client = sign_in("member")
    age(client, seen_s=1801)
    answer = client.get("/jobs/badge/", headers=POLL)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/jobs/"


def test_a_form_that_comes_too_late_is_kept(sign_in) -> None:
    client = sign_in("member")
    age(client, seen_s=1801)
    answer = client.post("/theme/", {"theme": "dark"}, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert b"send the form again" in answer.content


def test_pages_of_the_sign_in_are_closed_too(sign_in) -> None:
    client = sign_in("member")
    age(client, seen_s=1801)
    answer = client.get("/accounts/password/change/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_activity_is_written_once_in_a_minute(sign_in) -> None:
    client = sign_in("member")
    client.get(PAGE)

    def writes() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(PAGE)
        return sum(q["sql"].startswith(("UPDATE", "INSERT")) for q in queries)

    assert writes() == 0
    age(client, seen_s=61)
    assert writes() == 2, "The session, and its row in the list."
    assert writes() == 0


def test_signing_in_again_begins_anew(cast: Cast, sign_in) -> None:
    client = sign_in("member")
    age(client, began_s=40_000)
    client.post("/accounts/logout/")
    client.force_login(
        cast.users["member"], "allauth.account.auth_backends.AuthenticationBackend"
    )
    age(client, began_s=40_000)
    assert client.get(PAGE).status_code == 200
