"""Sign-in by one click: only in a demo, and as if the password had been typed."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nsadmin import checks
from nsadmin.access.models import Membership, User
from nsadmin.access.signin.demo_logins import demo_alone
from tests.cast import Cast
from tests.people import PASSWORD
from tests.signin.codes import code

PAGE, CLICK = "/accounts/login/", "/accounts/demo/"


@pytest.fixture
def logins(settings, tmp_path: Path, cast: Cast) -> dict[str, str]:
    """The demo's logins: everybody of the cast; {role: address}."""
    emails = {role: user.email for role, user in cast.users.items()}
    write(tmp_path / "seed.json", emails.values())
    settings.NSADMIN_DEMO_LOGINS = str(tmp_path / "seed.json")
    return emails


def write(path: Path, emails: Iterable[str]) -> None:
    """Write the file of logins as the demo does."""
    found = [{"email": email, "password": PASSWORD, "role": ""} for email in emails]
    path.write_text(json.dumps({"logins": found, "api_keys": []}))


def page() -> tuple[str, int]:
    """The sign-in page, and how many queries it took."""
    with CaptureQueriesContext(connection) as queries:
        text = Client().get(f"{PAGE}?next=/jobs/").content.decode()
    return " ".join(text.split()), len(queries)


def click(client: Client, email: str, after: str = ""):
    return client.post(CLICK, {"email": email, "next": after})


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_the_page_has_a_button_for_each_login(logins, cast: Cast) -> None:
    Membership.objects.create(
        user=cast.users["member"], organization=cast.halden, role="viewer"
    )
    text, queries = page()
    assert queries == 1
    assert f'action="{CLICK}"' in text
    assert text.count('name="next" value="/jobs/"') == 3  # password, passkey, click
    for email in logins.values():
        assert text.count(f'name="email" value="{email}"') == 1
    for organization in (cast.northlight, cast.halden, cast.operator):
        assert text.count(f"<b>{organization.name}</b>") == 1
    assert text.count(f"also in {cast.halden.name}") == 1
    assert "Platform admin" in text
    assert PASSWORD not in text


def test_who_is_no_active_member_has_none(logins, cast: Cast) -> None:
    User.objects.filter(pk=cast.users["viewer"].pk).update(is_active=False)
    Membership.objects.filter(user=cast.users["member"]).delete()
    text, _ = page()
    assert logins["admin"] in text
    assert logins["viewer"] not in text
    assert logins["member"] not in text
    answer = click(Client(), logins["viewer"])
    assert answer.status_code == 200
    assert b"This login has another password by now." in answer.content


@pytest.mark.parametrize(
    ("after", "leads_to"), [("/jobs/", "/jobs/"), ("https://evil.example/", "/")]
)
def test_one_click_signs_in(logins, cast: Cast, after: str, leads_to: str) -> None:
    client = Client()
    answer = click(client, logins["member"], after)
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)
    assert is_signed_in(client)
    assert UserSession.objects.filter(user=cast.users["member"]).count() == 1


def test_a_second_factor_is_asked_for_after_the_click(logins, cast: Cast) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.users["member"], secret)
    client = Client()
    answer = click(client, logins["member"], "/jobs/")
    asked = answer.headers["Location"]
    assert asked.startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(client)
    assert client.post(asked, {"code": code(secret)}).headers["Location"] == "/jobs/"
    assert is_signed_in(client)


def test_a_login_with_another_password_is_asked_for_it(logins, cast: Cast) -> None:
    user = cast.users["member"]
    user.set_password("another-long-password")
    user.save()
    client = Client()
    answers = [click(client, user.email, "/jobs/") for _ in range(6)]
    texts = [" ".join(answer.content.decode().split()) for answer in answers]
    assert "This login has another password by now. Enter it." in texts[0]
    assert "The address or the password is not right." not in texts[0]
    assert f'value="{user.email}"' in texts[0]
    assert 'autocomplete="current-password" required autofocus' in texts[0]
    assert 'name="next" value="/jobs/"' in texts[0]
    assert PASSWORD not in texts[0]
    assert "Too many wrong attempts." in texts[5]
    assert not is_signed_in(client)


def test_a_click_needs_the_token_of_the_page(logins) -> None:
    client = Client(enforce_csrf_checks=True)
    assert click(client, logins["member"]).status_code == 403
    assert not is_signed_in(client)


def test_others_than_the_demos_logins_are_404(logins, tmp_path: Path) -> None:
    write(tmp_path / "seed.json", [logins["viewer"]])
    client = Client()
    for email in (logins["member"], "nobody@example.org", ""):
        assert click(client, email).status_code == 404
    assert click(client, logins["viewer"]).status_code == 302


@pytest.mark.parametrize("content", [None, "{"])
def test_without_a_file_that_can_be_read_there_are_none(
    logins, tmp_path: Path, content: str | None
) -> None:
    (tmp_path / "seed.json").unlink()
    if content is not None:
        (tmp_path / "seed.json").write_text(content)
    assert CLICK not in page()[0]
    assert click(Client(), logins["member"]).status_code == 404


def test_outside_of_a_demo_the_page_asks_nothing_and_offers_none(logins, settings):
    settings.NSADMIN_DEMO_LOGINS = ""
    text, queries = page()
    assert (CLICK in text, queries) == (False, 0)
    assert click(Client(), logins["member"]).status_code == 404


@pytest.fixture
def as_in_a_demo(settings) -> None:
    settings.NSADMIN_DEMO_LOGINS = "/demo/seed.json"
    settings.NSADMIN_EMBEDDED = settings.NSADMIN_INSECURE_HTTP = True
    settings.NSADMIN_PROXY_COUNT = 0
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


def test_a_demo_of_this_machine_may_offer_them(as_in_a_demo) -> None:
    assert demo_alone() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NSADMIN_EMBEDDED", False),
        ("NSADMIN_INSECURE_HTTP", False),
        ("NSADMIN_PROXY_COUNT", 1),
        ("ALLOWED_HOSTS", ["127.0.0.1", "nsadmin.example"]),
        ("ALLOWED_HOSTS", ["192.168.0.7"]),
        ("ALLOWED_HOSTS", [".localhost.example"]),
    ],
)
def test_everywhere_else_the_setting_keeps_a_server_from_starting(
    as_in_a_demo, settings, name: str, value: object
) -> None:
    setattr(settings, name, value)
    assert [found.id for found in demo_alone()] == ["nsadmin.E025"]
    with pytest.raises(ImproperlyConfigured, match="NSADMIN_DEMO_LOGINS is set"):
        checks.refuse_to_serve_unready()
    settings.NSADMIN_DEMO_LOGINS = ""
    assert demo_alone() == []
