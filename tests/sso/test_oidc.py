"""OpenID Connect: a sign-in is opened by an honest answer to our own question alone."""

import time

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from nsadmin.access.models import Membership, User
from nsadmin.audit.models import AuditEvent
from tests.cast import Cast
from tests.sso.conftest import DOMAIN, answer_of, begin, said, signed_in, user_of
from tests.sso.provider import OTHER_KEY

pytestmark = pytest.mark.usefixtures("configure")


def test_a_first_sign_in_makes_a_member(provider, cast: Cast) -> None:
    client = Client()
    response = signed_in(client, next="/jobs/")
    assert (response.status_code, response.headers["Location"]) == (302, "/jobs/")
    user = User.objects.get(email=f"nora@{DOMAIN}")
    assert user_of(client) == user.pk
    assert (user.name, user.has_usable_password()) == ("Nora Lindqvist", False)
    membership = Membership.objects.get(user=user)
    assert (membership.organization, membership.role) == (cast.northlight, "member")
    events = AuditEvent.objects.filter(organization_id=cast.northlight.pk)
    assert [e.action for e in events.order_by("at")] == [
        "member:join",
        "account:single-sign-on",
    ]
    assert {(e.actor_kind, e.actor_id, e.actor_label) for e in events} == {
        ("system", "sso:nl", "single sign-on (Northlight ID)")
    }
    assert SocialAccount.objects.get().extra_data == {}


def test_the_question_has_a_state_a_nonce_and_pkce(provider) -> None:
    signed_in(Client())
    asked = provider.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 32
    assert len(asked["state"]) >= 16
    assert asked["scope"].split().count("openid") == 1
    assert "prompt" not in asked


def test_the_secret_may_be_sent_in_the_header(configure, provider, nora: User) -> None:
    configure(token_auth_method="client_secret_basic")
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk


def test_a_wrong_secret_signs_nobody_in(configure, provider, nora: User) -> None:
    configure(client_secret="another")
    client = Client()
    signed_in(client)
    assert user_of(client) is None
    assert provider.tokens_given == 0


def test_a_user_of_the_address_is_bound_once(provider, nora: User) -> None:
    for _ in range(2):
        client = Client()
        signed_in(client)
        assert user_of(client) == nora.pk
    assert SocialAccount.objects.get().uid == "nora-1"
    assert AuditEvent.objects.filter(action="account:single-sign-on").count() == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another-nonce"},
        {"nonce": None},
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"azp": "another-client"},
        {"exp": int(time.time()) - 3600},
        {"sub": None},
        {"sub": "someone-else"},  # userinfo says another one
        {"sub": "x" * 192},
        {"iat": None},
    ],
    ids=" ".join,
)
def test_a_wrong_token_opens_nothing(provider, nora: User, lie) -> None:
    provider.token = lie
    client = Client()
    response = signed_in(client)
    assert response.headers["Location"] == "/accounts/login/"
    assert user_of(client) is None
    assert "did not confirm who you are" in said(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("subject", ["", "x" * 192, "no\0ra", "nora\n", "\ud800", 7])
def test_a_subject_that_cannot_be_kept_opens_nothing(
    provider, nora: User, subject: object
) -> None:
    provider.claims["sub"] = subject
    client = Client()
    signed_in(client)
    assert user_of(client) is None
    assert "did not confirm who you are" in said(client)
    assert not SocialAccount.objects.exists()


def test_a_token_of_another_key_opens_nothing(provider, nora: User) -> None:
    provider.key = OTHER_KEY
    client = Client()
    signed_in(client)
    assert user_of(client) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_without_a_real_signature_opens_nothing(
    provider, nora: User, algorithm: str
) -> None:
    provider.algorithm, provider.key = algorithm, None
    if algorithm == "HS256":
        provider.key = "a-secret-of-the-client-and-more-of-it"
    client = Client()
    signed_in(client)
    assert provider.tokens_given == 1
    assert user_of(client) is None


def test_an_answer_to_another_session_opens_nothing(provider, nora: User) -> None:
    """The state belongs to the browser that asked: nobody is signed in as another."""
    path = answer_of(begin(Client()))
    victim = Client()
    begin(victim)
    victim.get(path)
    assert user_of(victim) is None
    assert provider.tokens_given == 0


def test_an_answer_counts_once(provider, nora: User) -> None:
    client = Client()
    path = answer_of(begin(client))
    client.get(path)
    assert user_of(client) == nora.pk
    client.post("/accounts/logout/")
    client.get(path)
    assert user_of(client) is None


def test_a_stolen_code_is_worth_nothing_without_its_verifier(provider, nora) -> None:
    stolen = answer_of(begin(Client()))
    thief = Client()
    response = begin(thief)
    state = httpx.URL(response.headers["Location"]).params["state"]
    code = httpx.URL(f"http://x{stolen}").params["code"]
    thief.get(f"/accounts/sso/nl/callback/?code={code}&state={state}")
    assert provider.tokens_given == 0
    assert user_of(thief) is None


def test_what_the_query_adds_does_not_reach_the_provider(provider) -> None:
    client = Client()
    path = (
        "/accounts/sso/nl/start/?auth_params=prompt%3Dnone&scope=admin&process=connect"
    )
    answer_of(client.post(path, {"process": "connect"}))
    assert "prompt" not in provider.asked[0]
    assert "admin" not in provider.asked[0]["scope"]


@pytest.mark.parametrize(
    "config",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 7},
    ],
    ids=str,
)
def test_a_configuration_of_another_shape_is_refused(provider, config) -> None:
    provider.config = config
    client = Client()
    response = begin(client)
    assert response.headers["Location"] == "/accounts/login/"
    assert "did not confirm who you are" in said(client)


@pytest.mark.parametrize(
    "next_path", ["https://evil.example/", "//evil.example/", "/\\evil.example", "x"]
)
def test_next_is_a_path_of_ours(provider, nora: User, next_path: str) -> None:
    response = signed_in(Client(), next=next_path)
    assert response.headers["Location"] == "/"


def test_a_cancelled_sign_in_is_said(provider) -> None:
    client = Client()
    state = httpx.URL(begin(client).headers["Location"]).params["state"]
    client.get(f"/accounts/sso/nl/callback/?error=access_denied&state={state}")
    assert "was cancelled" in said(client)


def test_a_silent_provider_is_waited_for_five_seconds(provider) -> None:
    provider.hang_s = 30
    client, began_at = Client(), time.monotonic()
    assert begin(client).headers["Location"] == "/accounts/login/"
    assert time.monotonic() - began_at < 9


def test_an_answer_that_trickles_is_given_up(provider) -> None:
    provider.trickle = True
    client, began_at = Client(), time.monotonic()
    assert begin(client).headers["Location"] == "/accounts/login/"
    assert time.monotonic() - began_at < 9


def test_a_huge_answer_is_not_read(provider) -> None:
    provider.huge = True
    assert begin(Client()).headers["Location"] == "/accounts/login/"


def test_nothing_secret_is_in_pages_or_log(
    provider, nora: User, capsys, caplog
) -> None:
    provider.key = OTHER_KEY
    client = Client()
    path = answer_of(begin(client))
    client.get(path)
    seen = said(client) + capsys.readouterr().out + caplog.text
    code = httpx.URL(f"http://x{path}").params["code"]
    assert code not in seen
    assert "a-secret-of-the-client" not in seen
