"""Confirming who one is at the provider, for people who have no password."""

import json
import re
import time

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from nsadmin.access.models import Membership, User
from nsadmin.audit.models import AuditEvent
from tests.cast import Cast
from tests.people import PASSWORD
from tests.signin.codes import code
from tests.sso import saml_provider
from tests.sso.conftest import answer_of, signed_in, user_of
from tests.sso.saml_provider import Answer
from tests.sso.test_policy import give_app

pytestmark = pytest.mark.usefixtures("configure")
APP = "/accounts/2fa/totp/activate/"


@pytest.fixture
def client(nora: User) -> Client:
    """Nora, admin of Northlight without a password, came through the provider."""
    nora.set_unusable_password()
    nora.save()
    Membership.objects.filter(user=nora).update(role="admin")
    made = Client()
    signed_in(made)
    assert user_of(made) == nora.pk
    return made


@pytest.fixture
def target(cast: Cast) -> str:
    """A form that asks who one is."""
    member = Membership.objects.get(user=cast.users["viewer"])
    return f"/organization/members/{member.pk}/"


def confirm(client: Client, **fields: str):
    return client.post("/accounts/sso/nl/confirm/", fields)


def test_a_form_asks_to_confirm_at_the_provider(client, provider, target) -> None:
    form = {"role": "member"}
    asked = client.post(target, form)
    page = asked.content.decode()
    assert asked.status_code == 422
    assert "Confirm who you are" in page
    assert 'type="password"' not in page
    assert 'href="/accounts/sso/confirm/" target="_blank"' in page
    assert '<input type="hidden" name="role" value="member">' in page

    there = client.get("/accounts/sso/confirm/")
    assert "Confirm with Northlight ID" in there.content.decode()
    assert provider.url in there.headers["Content-Security-Policy"]
    began = confirm(client, next="/accounts/sso/confirm/")
    done = client.get(answer_of(began))
    assert done.headers["Location"] == "/accounts/sso/confirm/"
    said = client.get("/accounts/sso/confirm/").content.decode()
    assert "You are confirmed" in said
    question = provider.asked[-1]
    assert (question["prompt"], question["max_age"]) == ("login", "0")

    assert client.post(target, form).status_code in (302, 303)
    event = AuditEvent.objects.filter(action="account:single-sign-on").latest("at")
    assert "confirmed their identity at Northlight ID" in event.summary


@pytest.mark.parametrize(
    "lie",
    [
        {"auth_time": int(time.time()) - 3600},
        {"auth_time": int(time.time()) + 3600},
        {"auth_time": None},
        {"auth_time": "now"},
        {"auth_time": True},
        {"nonce": "another"},
    ],
    ids=" ".join,
)
def test_an_old_sign_in_confirms_nothing(client, provider, target, lie) -> None:
    provider.token = lie
    client.get(answer_of(confirm(client)))
    assert client.post(target, {"role": "member"}).status_code == 422
    assert user_of(client) is not None


def test_signing_in_confirms_nothing(client, target) -> None:
    assert client.post(target, {"role": "member"}).status_code == 422


def test_another_person_confirms_nothing(client, provider, target, nora) -> None:
    provider.claims = {**provider.claims, "sub": "someone-else"}
    page = "/accounts/sso/confirm/"
    back = client.get(answer_of(confirm(client, next=page)))
    assert back.headers["Location"] == page
    said = client.get(page).content.decode()
    assert "Northlight ID confirmed another person than you." in said
    assert "Confirm with Northlight ID" in said
    leads_on = client.get(answer_of(confirm(client, next=APP)))
    assert leads_on.headers["Location"].startswith(f"{page}?next=%2Faccounts%2F2fa")
    assert user_of(client) == nora.pk
    assert client.post(target, {"role": "member"}).status_code == 422
    assert SocialAccount.objects.count() == 1


def test_a_confirmation_counts_in_the_session_that_asked(
    client, provider, target, nora: User
) -> None:
    path = answer_of(confirm(client))
    other = Client()
    signed_in(other)
    other.get(path)
    assert other.post(target, {"role": "member"}).status_code == 422


def test_it_counts_for_ten_minutes(client, target) -> None:
    client.get(answer_of(confirm(client)))
    session = client.session
    records = session["account_authentication_methods"]
    for each in records:
        each["at"] -= 601
    session["account_authentication_methods"] = records
    session.save()
    assert client.post(target, {"role": "member"}).status_code == 422


def test_factors_are_not_changed_without_it(client, nora: User) -> None:
    """allauth would ask nothing of people who have no password."""
    for path in (
        APP,
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/totp/deactivate/",
    ):
        for method in (client.get, client.post):
            answer = method(path)
            assert answer.status_code == 302
            location = answer.headers["Location"]
            assert location.startswith("/accounts/sso/confirm/?next=%2Faccounts%2F2fa")
    client.get(answer_of(confirm(client, next=APP)))
    assert client.get(APP).status_code == 200


def test_a_code_does_as_well(client, nora: User, target) -> None:
    secret = give_app(nora)
    page = client.post(target, {"role": "member"}).content.decode()
    assert "A code of your authenticator app" in page
    form = {"role": "member", "step_up_code": code(secret)}
    assert client.post(target, form).status_code in (302, 303)
    again = Client()
    again.cookies = client.cookies
    assert (
        "Use Northlight ID"
        in client.get("/accounts/2fa/reauthenticate/").content.decode()
    )


def test_who_has_a_password_may_use_either(nora: User, target) -> None:
    Membership.objects.filter(user=nora).update(role="admin")
    nora.set_password(PASSWORD)
    nora.save()
    client = Client()
    signed_in(client)
    page = client.post(target, {"role": "member"}).content.decode()
    assert "Confirm your password" in page
    assert "Confirm with Northlight ID" in page
    client.get(answer_of(confirm(client)))
    assert client.post(target, {"role": "member"}).status_code in (302, 303)


def test_who_confirmed_in_another_tab_leaves_the_password_empty(
    nora: User, target
) -> None:
    Membership.objects.filter(user=nora).update(role="admin")
    client = Client()
    signed_in(client)
    page = client.post(target, {"role": "member"}).content.decode()
    [field] = re.findall(r'<input[^>]+name="step_up_password"[^>]*>', page)
    assert "required" not in field
    form = {"role": "member", "step_up_password": ""}
    for _ in range(12):
        asked = client.post(target, form)
        assert asked.status_code == 422
        assert "Nothing was entered" in asked.content.decode()
    client.get(answer_of(confirm(client)))
    assert client.post(target, form).status_code in (302, 303)


def test_empty_fields_lock_no_right_password(nora: User, target) -> None:
    Membership.objects.filter(user=nora).update(role="admin")
    client = Client()
    signed_in(client)
    for _ in range(12):
        client.post(target, {"role": "member", "step_up_password": ""})
    form = {"role": "member", "step_up_password": PASSWORD}
    assert client.post(target, form).status_code in (302, 303)


def test_without_a_password_there_is_none_to_change(client) -> None:
    answer = client.get("/accounts/password/change/", follow=True)
    assert answer.redirect_chain == [("/account/", 302)]
    page = answer.content.decode()
    assert "You have no password here" in page
    assert "Change the password" not in page
    assert "Northlight ID" in page


def test_only_ones_own_provider_confirms(client, cast: Cast, nora: User) -> None:
    assert cast.browser("stranger").get("/accounts/sso/confirm/").status_code == 404
    assert confirm(cast.browser("stranger")).status_code == 404
    assert confirm(Client()).headers["Location"].startswith("/accounts/login/")


@pytest.fixture
def saml(settings, rule, tmp_path) -> None:
    """The provider speaks SAML instead."""
    file = tmp_path / "idp.xml"
    file.write_text(saml_provider.metadata())
    entry = {
        "id": "nl",
        "name": "Northlight ID",
        "kind": "saml",
        "metadata_file": str(file),
        "domains": [rule],
    }
    settings.NSADMIN_SSO = json.dumps([entry])


@pytest.mark.parametrize("proved_s", [0, -3600])
def test_saml_is_asked_to_let_them_sign_in_again(
    saml, nora: User, target, proved_s: float
) -> None:
    Membership.objects.filter(user=nora).update(role="admin")
    SocialAccount.objects.create(user=nora, provider="nl", uid="nora-1")
    client = cast_session(nora)
    question = saml_provider.read(confirm(client).headers["Location"])
    assert question.is_forced
    answer = Answer(question, proved_s=proved_s, attributes={"email": nora.email})
    put = Client().post("/accounts/sso/nl/acs/", {"SAMLResponse": answer.encoded()})
    client.cookies.update(put.cookies)
    client.get("/accounts/sso/nl/acs/finish/")
    counts = client.post(target, {"role": "member"}).status_code in (302, 303)
    assert counts == (proved_s == 0)
    assert user_of(client) == nora.pk


def cast_session(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert user_of(client) == user.pk
    return client
