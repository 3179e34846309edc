"""An authenticator app and recovery codes: set up, asked for at sign-in, taken away."""

import json
import re
from functools import partial

import pytest
import redis
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings as configured
from django.core.cache import cache
from django.test import Client, RequestFactory

from nsadmin.access.signin.forms import ConfirmCodeForm, SignInCodeForm
from nsadmin.access.signin.resealing import reseal_factors
from nsadmin.audit.models import AuditEvent
from nsadmin.stores.seal import Resealed
from tests.access.races import at_once
from tests.cast import Cast
from tests.people import PASSWORD
from tests.signin.codes import code

ACTIVATE = "/accounts/2fa/totp/activate/"
SECOND = "/accounts/2fa/authenticate/"
PAGE = "/account/second-factor/"


def set_up(client: Client) -> tuple[str, str, list[str]]:
    """Set the app up; return its secret, the code that was used and recovery codes."""
    text = client.get(ACTIVATE).content.decode()
    found = re.search(r'id="secret">([A-Z2-7]+)<', text)
    assert found
    assert "<svg" in text
    used = code(found[1])
    answer = client.post(ACTIVATE, {"code": used}, follow=True)
    shown = re.search(r'id="codes">([\d\s]+)</pre>', answer.content.decode())
    assert shown
    return found[1], used, shown[1].split()


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_setting_up_asks_for_the_password_first(sign_in) -> None:
    client = sign_in("member")
    answer = client.get(ACTIVATE)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    asked = client.get(answer.headers["Location"])
    assert b"Confirm your password" in asked.content
    answer = client.post(answer.headers["Location"], {"password": PASSWORD})
    assert answer.headers["Location"] == ACTIVATE


def test_an_app_is_asked_for_at_the_next_sign_in(sign_in, confirmed) -> None:
    client = confirmed("member")
    assert "Off" in client.get(PAGE).content.decode()
    secret, _, codes = set_up(client)
    assert len(set(codes)) == 10
    assert "10 codes left" in " ".join(client.get(PAGE).content.decode().split())

    other = sign_in("member")
    assert not is_signed_in(other)
    assert "Second factor" in other.get(SECOND).content.decode()
    wrong = other.post(SECOND, {"code": "no code"})
    assert b"That is not a valid code now." in wrong.content
    assert not is_signed_in(other)
    right = code(secret, ahead=1)
    assert other.post(SECOND, {"code": right}).status_code == 302
    assert is_signed_in(other)
    third = sign_in("member")
    third.post(SECOND, {"code": right})
    assert not is_signed_in(third), "A code counts once."


def test_a_code_counts_a_period_before_and_after_its_own(sign_in, cast: Cast) -> None:
    secret = generate_totp_secret()
    TOTP.activate(cast.users["member"], secret)
    for ahead in (-2, 2):
        client = sign_in("member")
        client.post(SECOND, {"code": code(secret, ahead=ahead)})
        assert not is_signed_in(client), ahead
    for ahead in (-1, 0, 1):
        client = sign_in("member")
        client.post(SECOND, {"code": code(secret, ahead=ahead)})
        assert is_signed_in(client), ahead


def test_a_code_counts_once_for_as_long_as_it_is_valid(sign_in, cast: Cast) -> None:
    user, secret = cast.users["member"], generate_totp_secret()
    TOTP.activate(user, secret)
    first, second = sign_in("member"), sign_in("member")
    used = code(secret, ahead=1)
    first.post(SECOND, {"code": used})
    assert is_signed_in(first)
    # allauth's own mark is gone after one period of the three.
    assert cache.delete(f"allauth.mfa.totp.used?user={user.pk}&code={used}")
    for typed in (used, f"{used[:3]} {used[3:]}"):
        second.post(SECOND, {"code": typed})
        assert not is_signed_in(second)
    assert 85 < remembered_s() <= 90
    refused = first.post("/accounts/2fa/reauthenticate/", {"code": used})
    assert b"That is not a valid code now." in refused.content


def remembered_s() -> int:
    """The seconds after which the one used code is forgotten."""
    client = redis.Redis.from_url(configured.CACHES["default"]["LOCATION"])
    (key,) = client.scan_iter("*used-code:*")
    return int(client.ttl(key))


def test_the_code_that_set_the_app_up_does_not_sign_in(sign_in, confirmed) -> None:
    _, used, _ = set_up(confirmed("member"))
    client = sign_in("member")
    client.post(SECOND, {"code": used})
    assert not is_signed_in(client)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_counts(cast: Cast) -> None:
    """Also for different forms: signing in, and confirming a change."""
    user, secret = cast.users["member"], generate_totp_secret()
    TOTP.activate(user, secret)
    given, outcomes = code(secret), list[bool]()

    def send(form: type[SignInCodeForm | ConfirmCodeForm]) -> None:
        with context.request_context(RequestFactory().post(SECOND)):
            outcomes.append(form({"code": given}, user=user).is_valid())

    sign_in, confirm = partial(send, SignInCodeForm), partial(send, ConfirmCodeForm)
    at_once(sign_in, confirm, sign_in, confirm)
    assert sorted(outcomes) == [False, False, False, True]


def test_a_used_code_does_not_forget_wrong_ones(sign_in, cast: Cast) -> None:
    user, secret = cast.users["member"], generate_totp_secret()
    TOTP.activate(user, secret)
    used = code(secret)
    sign_in("member").post(SECOND, {"code": used})
    cache.delete(f"allauth.mfa.totp.used?user={user.pk}&code={used}")
    client = sign_in("member")
    for _ in range(6):
        client.post(SECOND, {"code": used})
        answer = client.post(SECOND, {"code": "no code"})
    assert b"Wait five minutes, then try again." in answer.content


def test_a_recovery_code_signs_in_once(sign_in, confirmed) -> None:
    _, _, codes = set_up(confirmed("member"))
    first, second = sign_in("member"), sign_in("member")
    first.post(SECOND, {"code": codes[0]})
    assert is_signed_in(first)
    second.post(SECOND, {"code": codes[0]})
    assert not is_signed_in(second)
    assert "9 codes left" in " ".join(first.get(PAGE).content.decode().split())


def test_recovery_codes_are_shown_once(confirmed) -> None:
    client = confirmed("member")
    _, _, codes = set_up(client)
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "10 codes left" in " ".join(again.split())
    assert not any(each in again for each in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403


def test_secrets_are_sealed_where_they_are_stored(confirmed) -> None:
    secret, _, _ = set_up(confirmed("member"))
    stored = [json.dumps(row.data) for row in Authenticator.objects.all()]
    assert len(stored) == 2
    assert not any(secret in each for each in stored)
    assert all("kid" in each for each in stored)


def test_they_are_resealed_with_a_new_key(sign_in, confirmed, settings) -> None:
    secret, _, _ = set_up(confirmed("member"))
    new, old = "t2:" + "B" * 43 + "=", settings.NSADMIN_SEAL_KEYS[0]
    settings.NSADMIN_SEAL_KEYS = [new, old]
    assert reseal_factors() == Resealed(rotated=2)
    assert reseal_factors() == Resealed(current=2)
    settings.NSADMIN_SEAL_KEYS = [new]
    client = sign_in("member")
    client.post(SECOND, {"code": code(secret, ahead=1)})
    assert is_signed_in(client)
    settings.NSADMIN_SEAL_KEYS = ["t3:" + "C" * 43 + "="]
    assert reseal_factors() == Resealed(unreadable=2)


@pytest.mark.django_db(transaction=True)
def test_each_change_is_audited(cast: Cast, confirmed) -> None:
    client = confirmed("member")
    set_up(client)
    client.post("/accounts/2fa/totp/deactivate/")
    found = AuditEvent.objects.filter(action="account:second-factor").order_by("at")
    said = [event.summary.partition(": ")[2] for event in found]
    assert sorted(said) == [
        "an authenticator app removed for signing in.",
        "an authenticator app set up for signing in.",
        "recovery codes removed for signing in.",
        "recovery codes set up for signing in.",
    ]
    assert {event.organization_id for event in found} == {
        cast.northlight.organization_id
    }


def test_turned_off_the_password_is_enough_again(sign_in, confirmed) -> None:
    client = confirmed("member")
    set_up(client)
    client.post("/accounts/2fa/totp/deactivate/")
    assert "Off" in client.get(PAGE).content.decode()
    assert is_signed_in(sign_in("member"))


def test_guessing_a_code_ends(sign_in, confirmed) -> None:
    secret, _, _ = set_up(confirmed("member"))
    client = sign_in("member")
    for _ in range(10):
        client.post(SECOND, {"code": "no code"})
    answer = client.post(SECOND, {"code": code(secret, ahead=1)})
    assert b"Wait five minutes, then try again." in answer.content
    assert not is_signed_in(client)


def test_a_passkey_of_another_person_is_not_found(cast: Cast, confirmed) -> None:
    data = {"name": "theirs", "credential": {}}
    row = Authenticator.objects.create(
        user=cast.users["admin"], type=Authenticator.Type.WEBAUTHN, data=data
    )
    client = confirmed("member")
    for page in ("edit", "remove"):
        address = f"/accounts/2fa/webauthn/keys/{row.pk}/{page}/"
        assert client.get(address).status_code == 404
        assert client.post(address, {"name": "mine"}).status_code == 404
    assert Authenticator.objects.get(pk=row.pk).data == data


def test_too_many_confirmations_have_a_page(sign_in) -> None:
    client = sign_in("member")
    for _ in range(10):
        client.post("/accounts/reauthenticate/", {"password": "a guess"})
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 429
    assert b"Too many attempts" in answer.content
    assert client.get(ACTIVATE).status_code == 302
