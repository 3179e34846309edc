"""Mails about an account: the reset of a password, what was changed, new sign-ins."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.models import SignInPlace, User
from nsadmin.access.web.known_places import forgotten_places, network_of
from nsadmin.audit.models import AuditEvent
from nsadmin.mail import delivery
from nsadmin.mail.models import Mail
from tests.people import PASSWORD
from tests.signin.codes import code

RESET = "/accounts/password/reset/"
NEW = "another-long-password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537"


@pytest.fixture(autouse=True)
def _ready(cast, settings, tmp_path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    cache.clear()


def links_in(text: str) -> list[str]:
    return re.findall(r"https?://\S+", text)


def sign_in(email: str, password: str = PASSWORD, **extra: Any) -> Client:
    client = Client(raise_request_exception=False)
    given = {"login": email, "password": password}
    client.post("/accounts/login/", given, **extra)
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def ask_reset(email: str):
    return Client().post(RESET, {"email": email})


def open_link(link: str) -> tuple[Client, str]:
    """Open the link of a mail; allauth moves its secret into the session."""
    client = Client(raise_request_exception=False)
    answer = client.get(urlsplit(link).path, follow=True)
    assert answer.status_code == 200
    return client, answer.request["PATH_INFO"]


def test_a_forgotten_password_is_reset_by_the_mailed_link(cast, inbox) -> None:
    user = cast.users["member"]
    before = [sign_in(user.email), sign_in(user.email)]
    assert all(map(is_signed_in, before))
    login = Client().get("/accounts/login/").content.decode()
    assert f'href="{RESET}"' in login
    assert "Forgot your password?" in login
    done = Client().post(RESET, {"email": user.email.upper()}, follow=True)
    assert b"If the address has an account, a link is on its way" in done.content
    assert delivery.run() == {"sent": 1}
    assert inbox.recipients == [user.email]
    assert inbox.mails[0]["Subject"] == "Choose a new password"
    (link,) = links_in(inbox.text())
    assert link.startswith("http://testserver/accounts/password/reset/key/")
    assert f'<a href="{link}">Choose a password</a>' in inbox.html()
    client, form = open_link(link)
    sent = client.post(form, {"password1": NEW, "password2": NEW}, follow=True)
    assert b"The password is set" in sent.content
    assert not any(map(is_signed_in, before))
    assert not is_signed_in(client)
    assert not is_signed_in(sign_in(user.email, PASSWORD))
    assert is_signed_in(sign_in(user.email, NEW))
    events = AuditEvent.objects.filter(action="account:password")
    assert [e.summary for e in events] == [
        f"{user.email}: password reset by a mailed link; all sessions ended."
    ]
    assert delivery.run() == {"sent": 1}
    assert (
        inbox.mails[-1]["Subject"] == "The password of your account was reset by a link"
    )


def test_a_reset_forgets_the_wrong_passwords(cast, inbox) -> None:
    user = cast.users["member"]
    for _ in range(6):
        sign_in(user.email, "wrong")
    assert not is_signed_in(sign_in(user.email))
    ask_reset(user.email)
    delivery.run()
    (link,) = links_in(inbox.text())
    client, form = open_link(link)
    client.post(form, {"password1": NEW, "password2": NEW})
    assert is_signed_in(sign_in(user.email, NEW))


def test_a_used_link_works_no_second_time(cast, inbox) -> None:
    user = cast.users["member"]
    ask_reset(user.email)
    delivery.run()
    (link,) = links_in(inbox.text())
    client, form = open_link(link)
    twin, same_form = open_link(link)
    client.post(form, {"password1": NEW, "password2": NEW})
    late = twin.post(same_form, {"password1": "a-third-password", "password2": "x"})
    assert b"The link no longer works" in late.content
    again = Client().get(urlsplit(link).path, follow=True)
    assert b"The link no longer works" in again.content
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_the_answer_does_not_tell_whether_there_is_an_account(cast, inbox) -> None:
    User.objects.create_user("switched@example.org", PASSWORD, is_active=False)
    answers, queries = [], []
    for email in (cast.users["admin"].email, "switched@example.org", "no@example.org"):
        with CaptureQueriesContext(connection) as asked:
            answers.append(ask_reset(email))
        # The address stands in them: only what is asked is compared.
        queries.append([q["sql"].partition(' "')[0] for q in asked])
    assert {(a.status_code, a.headers["Location"]) for a in answers} == {
        (302, "/accounts/password/reset/done/")
    }
    assert queries[0] == queries[1] == queries[2]
    assert len(queries[0]) == 4  # the limit, and the row in a savepoint
    assert delivery.run() == {"sent": 1, "dropped": 2}
    assert inbox.recipients == [cast.users["admin"].email]


def test_asking_again_and_again_is_refused_alike(cast, inbox) -> None:
    for email in (cast.users["admin"].email, "nobody@example.org"):
        told = [ask_reset(email).status_code for _ in range(6)]
        assert told == [302] * 5 + [429]


def test_the_secret_of_a_link_is_stored_nowhere(cast, inbox) -> None:
    ask_reset(cast.users["admin"].email)
    row = Mail.objects.get()
    delivery.run()
    (link,) = links_in(inbox.text())
    secret = link.rstrip("/").rpartition("-")[2]
    assert secret not in str(row.sealed)
    row.refresh_from_db()
    assert row.sealed is None


def test_without_mail_the_page_says_who_can_help(settings, db) -> None:
    settings.NSADMIN_MAIL_WAY = "none"
    shown = Client().get(RESET).content.decode()
    assert "This installation sends no mail" in shown
    assert 'name="email"' not in shown
    done = Client().post(RESET, {"email": "a@example.org"}, follow=True)
    assert b"No mail was sent" in done.content
    assert not Mail.objects.exists()


def test_a_changed_password_is_told_with_the_place(cast, inbox) -> None:
    user = cast.users["member"]
    client = sign_in(user.email, HTTP_USER_AGENT=FIREFOX)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    given = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post("/accounts/password/change/", given, HTTP_USER_AGENT=FIREFOX)
    assert delivery.run() == {"sent": 1}
    assert inbox.mails[0]["Subject"] == "The password of your account was changed"
    said = inbox.text()
    assert "Browser: Firefox on Linux" in said
    assert "Address: 127.0.0.1" in said
    assert "If this was not you" in said
    assert "<br>Browser: Firefox on Linux" in inbox.html()
    event = AuditEvent.objects.get(action="account:password")
    assert event.summary == f"{user.email}: password changed."


@pytest.mark.django_db(transaction=True)  # allauth tells of the app after the commit
def test_second_factors_are_told(cast, inbox) -> None:
    client = sign_in(cast.users["member"].email)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    text = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'id="secret">([A-Z2-7]+)<', text)
    assert found
    client.post("/accounts/2fa/totp/activate/", {"code": code(found[1])})
    client.post("/accounts/2fa/totp/deactivate/")
    delivery.run()
    assert [mail["Subject"] for mail in inbox.mails] == [
        "An authenticator app was set up for your account",
        "The authenticator app of your account was removed",
    ]
    assert set(inbox.recipients) == {cast.users["member"].email}
    assert found[1] not in "".join(inbox.text(n) for n in range(2))


def test_a_sign_in_from_an_unknown_place_is_told_once(cast, inbox) -> None:
    email = cast.users["member"].email
    sign_in(email, HTTP_USER_AGENT=FIREFOX)  # the first: nothing to compare with
    sign_in(email, HTTP_USER_AGENT=FIREFOX)
    sign_in(email, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="127.0.0.77")  # its network
    assert delivery.run() == {}
    sign_in(email, HTTP_USER_AGENT=CHROME)
    sign_in(email, HTTP_USER_AGENT=CHROME)
    assert delivery.run() == {"sent": 1}
    assert inbox.mails[0]["Subject"] == "A new sign-in to your account"
    assert "Browser: Chrome on Windows" in inbox.text()
    sign_in(email, HTTP_USER_AGENT=CHROME, REMOTE_ADDR="198.51.100.7")
    assert delivery.run() == {"sent": 1}
    assert "Address: 198.51.100.7" in inbox.text()
    sign_in(email, "not the password", REMOTE_ADDR="203.0.113.9")
    assert delivery.run() == {}


def test_what_a_sign_in_asks_more_for_its_place(cast, inbox, settings) -> None:
    email, counts = cast.users["member"].email, []
    sign_in(email)
    for way in ("smtp", "none"):
        settings.NSADMIN_MAIL_WAY = way
        with CaptureQueriesContext(connection) as asked:
            sign_in(email)
        counts.append(len(asked))
    # Whether a place is known; this one is found and dated, in a savepoint.
    assert counts[0] - counts[1] <= 7


def test_places_are_forgotten_after_half_a_year(cast, inbox) -> None:
    sign_in(cast.users["member"].email)
    assert not forgotten_places().exists()
    SignInPlace.objects.update(seen_at=timezone.now() - timedelta(days=181))
    assert forgotten_places().count() == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_networks(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_sign_in_works_while_the_mail_server_and_redis_are_away(
    cast, led_to, settings
) -> None:
    led_to(9)
    email = cast.users["member"].email
    sign_in(email, HTTP_USER_AGENT=FIREFOX)
    assert is_signed_in(sign_in(email, HTTP_USER_AGENT=CHROME))
    assert Mail.objects.count() == 1
