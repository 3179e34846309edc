"""Sign-in: a refusal tells nothing about the account; locks are noted; news is said."""

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nsadmin.access.models import User
from nsadmin.audit.models import AuditEvent
from tests.cast import Cast
from tests.people import PASSWORD

ADDRESS = "/accounts/login/"
HASHED: list[str] = []


class Counting(MD5PasswordHasher):
    """Notes every hash that is computed: that is the work one could measure."""

    algorithm = "counted"

    def encode(self, password: str, salt: str) -> str:
        HASHED.append(self.algorithm)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _counted(cast: Cast, settings, tmp_path) -> None:
    """Count from here on; the cast, which is made once, has hashes as everywhere."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    settings.STATIC_ROOT = str(tmp_path)


def attempt(email: str, password: str, client: Client | None = None):
    """One attempt; its answer, and how many hashes and queries it took."""
    HASHED.clear()
    data = {"login": email, "password": password}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = (client or Client()).post(ADDRESS, data)
    return answer, len(HASHED), len(queries)


def words(answer, email: str) -> str:
    """The page, without what was typed and the token."""
    text = answer.content.decode().replace(email, "")
    return "\n".join(line for line in text.splitlines() if "csrf" not in line.lower())


@pytest.fixture
def people(cast: Cast) -> dict[str, str]:
    """Addresses: of an account, of one switched off, of one without password, of none."""
    made = User.objects.create_user
    made("known@example.org", PASSWORD)
    made("switched@example.org", PASSWORD, is_active=False)
    made("invited@example.org", None)
    return {
        "known": "known@example.org",
        "switched": "switched@example.org",
        "invited": "invited@example.org",
        "nobody": "nobody@example.org",
    }


@pytest.mark.parametrize("who", ["known", "switched", "invited"])
def test_a_wrong_password_is_answered_like_an_unknown_address(people, who: str) -> None:
    expected, hashes, _ = attempt(people["nobody"], "not the password")
    answer, same_hashes, _ = attempt(people[who], "not the password")
    assert answer.status_code == expected.status_code == 200
    assert words(answer, people[who]) == words(expected, people["nobody"])
    assert same_hashes == hashes == 1


def test_a_refusal_is_in_our_words_and_the_password_has_the_focus(people) -> None:
    shown = " ".join(Client().get(ADDRESS).content.decode().split())
    assert "E-mail address" in shown
    assert 'autocomplete="username" required autofocus' in shown
    for address in people.values():
        answer, _, _ = attempt(address, "not the password")
        text = " ".join(answer.content.decode().split())
        assert "The address or the password is not right." in text
        assert 'autocomplete="current-password" required autofocus' in text
        assert text.count("autofocus") == 1


def test_the_right_password_of_one_switched_off_is_answered_like_that_too(
    people,
) -> None:
    expected, hashes, _ = attempt(people["nobody"], PASSWORD)
    answer, same_hashes, _ = attempt(people["switched"], PASSWORD)
    assert answer.status_code == 200
    assert words(answer, people["switched"]) == words(expected, people["nobody"])
    assert same_hashes == hashes == 1


@pytest.mark.parametrize("password", ["not the password", PASSWORD])
def test_a_lock_is_the_same_for_known_and_unknown(people, settings, password) -> None:
    def locked(email: str):
        for _ in range(5):
            attempt(email, "not the password")
        return attempt(email, password)

    found = {}
    for who in ("nobody", "known", "switched"):
        cache.clear()
        answer, hashes, _ = locked(people[who])
        found[who] = (answer.status_code, words(answer, people[who]), hashes)
    assert found["nobody"] == found["known"] == found["switched"]
    assert "Wait five minutes, then try again." in found["nobody"][1]
    assert found["nobody"][2] == 0


def test_right_passwords_of_one_switched_off_count_as_failures(people) -> None:
    for _ in range(5):
        attempt(people["switched"], PASSWORD)
    answer, _, _ = attempt(people["switched"], PASSWORD)
    assert b"Wait five minutes, then try again." in answer.content


def test_a_lock_is_noted_once_in_the_audit_of_the_organization(cast: Cast) -> None:
    email = cast.users["member"].email
    for _ in range(8):
        attempt(email, "not the password")
    event = AuditEvent.objects.get(action="account:sign-in")
    assert event.organization_id == cast.northlight.organization_id
    assert (event.actor_label, event.outcome) == (email, "refused")


def test_what_was_typed_for_an_address_is_not_kept(cast: Cast) -> None:
    typed = "my-password-in-the-wrong@field.example"
    for _ in range(7):
        attempt(typed, "not the password")
    event = AuditEvent.objects.get(action="account:sign-in")
    assert event.actor_label == "unknown address"
    for field in event._meta.fields:
        assert "my-password" not in str(getattr(event, field.name))


def test_a_changed_password_is_said(cast: Cast) -> None:
    client = Client()
    backend = configured.AUTHENTICATION_BACKENDS[0]
    user = cast.users["member"]
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user, backend)
    new = {"password1": "another-long-password", "password2": "another-long-password"}
    answer = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, **new}, follow=True
    )
    assert answer.redirect_chain == [("/account/", 302)]
    assert b"Password successfully changed" in answer.content
    said = client.get("/namespaces/")
    assert b"signed in as" not in said.content
