"""Where a provider is required, which second factor counts, and the sign-in page."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone

from nsadmin.access.models import Invitation, Membership, Organization, User
from nsadmin.access.sso.policy import refuse_other_ways
from nsadmin.audit.models import AuditEvent
from nsadmin.mail.models import Mail
from tests.cast import Cast, invite
from tests.people import PASSWORD
from tests.signin.codes import code
from tests.sso.conftest import DOMAIN, said, signed_in, user_of
from tests.sso.provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.usefixtures("configure")
REQUIRED = f"Addresses of {DOMAIN} sign in with Northlight ID, not in this way."
SIGN_IN = "/accounts/login/"


@pytest.fixture
def required(configure) -> None:
    configure(domain={"required": True})


def with_password(email: str, password: str = PASSWORD) -> tuple[Client, str]:
    client = Client()
    answer = client.post(SIGN_IN, {"login": email, "password": password})
    return client, answer.content.decode()


def give_app(user: User) -> str:
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def test_a_password_works_where_no_provider_is_required(nora: User) -> None:
    client, _ = with_password(nora.email)
    assert user_of(client) == nora.pk


def test_a_required_domain_has_no_link_that_sets_a_password(
    required, nora: User, settings
) -> None:
    settings.NSADMIN_MAIL_WAY = "file"
    answers = [
        Client().post("/accounts/password/reset/", {"email": email}).content.decode()
        for email in (nora.email, f"nobody@{DOMAIN}")
    ]
    assert all(REQUIRED in answer for answer in answers)
    assert not Mail.objects.exists()


def test_a_required_domain_has_no_password_and_tells_of_no_account(
    required, nora: User
) -> None:
    pages = []
    for email, password in (
        (nora.email, PASSWORD),
        (nora.email.upper(), PASSWORD),
        (nora.email, "not the password"),
        (f"nobody@{DOMAIN}", PASSWORD),
    ):
        cache.clear()
        client, page = with_password(email, password)
        assert user_of(client) is None
        assert REQUIRED in page
        assert 'action="/accounts/sso/nl/start/"' in page
        pages.append(
            "\n".join(
                line
                for line in page.replace(email, "").splitlines()
                if "csrf" not in line.lower()
            )
        )
    assert len(set(pages)) == 1


def test_attempts_at_a_required_domain_are_counted(required, nora: User) -> None:
    for _ in range(5):
        with_password(nora.email)
    _, page = with_password(nora.email)
    assert "Wait five minutes, then try again." in page


def test_other_domains_keep_their_password(required, cast: Cast) -> None:
    client, _ = with_password(cast.users["admin"].email)
    assert user_of(client) == cast.users["admin"].pk


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_staff_have_the_password_with_a_second_factor(
    required, cast: Cast, role: str
) -> None:
    staff = cast.users[role]
    staff.email = f"ops@{DOMAIN}"
    staff.save()
    client, page = with_password(staff.email)
    assert user_of(client) is None
    assert REQUIRED in page
    secret = give_app(staff)
    client, _ = with_password(staff.email)
    assert user_of(client) is None
    client.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert user_of(client) == staff.pk
    event = AuditEvent.objects.filter(action="account:single-sign-on").get()
    assert "without Northlight ID, which is required" in event.summary


def test_a_passkey_alone_is_no_way_around(required, cast: Cast, nora: User) -> None:
    request: Any = RequestFactory().get("/")
    request.session = cast.browser("stranger").session
    request._messages = FallbackStorage(request)
    response = refuse_other_ways(request, nora)
    assert response is not None
    assert response.headers["Location"] == SIGN_IN
    assert [str(m) for m in get_messages(request)] == [REQUIRED]
    assert refuse_other_ways(request, cast.users["admin"]) is None


def test_the_provider_is_the_way_in(required, nora: User) -> None:
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    assert not AuditEvent.objects.filter(summary__contains="which is required").exists()
    page = " ".join(client.get("/account/").content.decode().split())
    assert "You sign in with Northlight ID, as your organization requires" in page
    assert "You sign in with it" not in page


def test_an_invitation_of_a_required_domain_leads_to_the_provider(
    required, cast: Cast
) -> None:
    issued = invite(cast.northlight, f"nora@{DOMAIN}")
    path, new = f"/join/{issued.secret}/", "a-new-long-password"
    response = Client().get(path)
    page = response.content.decode()
    assert "joins by signing in with Northlight ID" in page
    assert 'type="password"' not in page
    assert "127.0.0.1" in response.headers["Content-Security-Policy"]
    forced = Client().post(path, {"password1": new, "password2": new})
    assert forced.status_code == 409
    assert not User.objects.filter(email=f"nora@{DOMAIN}").exists()
    client = Client()
    signed_in(client)
    assert Membership.objects.get(user=user_of(client)).role == "viewer"
    assert not Invitation.objects.exists()


def test_an_own_second_factor_is_asked_for_after_the_provider(
    configure, provider, cast: Cast, nora: User
) -> None:
    """Also where two providers know this site by the same client id."""
    other = {
        "id": "other",
        "name": "Other",
        "kind": "oidc",
        "server_url": provider.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "domains": [{"domain": "o.example", "organization_id": cast.halden.pk}],
    }
    configure(other)
    secret = give_app(nora)
    client = Client()
    response = signed_in(client, next="/jobs/")
    assert response.headers["Location"] == "/accounts/2fa/authenticate/"
    assert user_of(client) is None
    asked = client.get("/accounts/2fa/authenticate/").content.decode()
    assert "Confirm with your second factor to sign in." in asked
    assert "password" not in asked, "None was given."
    client.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert user_of(client) == nora.pk


def test_a_providers_second_factor_stands_for_ours(
    configure, cast: Cast, nora: User
) -> None:
    due_at = timezone.now() - timedelta(days=1)
    Organization.objects.update(second_factor_due_at=due_at)
    client = Client()
    signed_in(client)
    assert client.get("/jobs/").headers["Location"] == "/account/second-factor/"
    configure(second_factor="provider")
    client = Client()
    signed_in(client)
    assert client.get("/jobs/").status_code == 200
    give_app(nora)
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    by_password, _ = with_password(nora.email)
    assert user_of(by_password) is None


def test_it_stands_for_ours_in_the_provider_s_organization_alone(
    configure, cast: Cast, nora: User
) -> None:
    due_at = timezone.now() - timedelta(days=1)
    Organization.objects.filter(pk=cast.halden.pk).update(second_factor_due_at=due_at)
    configure(second_factor="provider")
    Membership.objects.create(user=nora, organization=cast.halden, role="viewer")
    client = Client()
    signed_in(client)
    client.post("/organization/switch/", {"organization_id": cast.northlight.pk})
    assert client.get("/jobs/").status_code == 200
    client.post("/organization/switch/", {"organization_id": cast.halden.pk})
    assert client.get("/jobs/").headers["Location"] == "/account/second-factor/"
    give_app(nora)
    client = Client()
    signed_in(client)
    assert user_of(client) is None


def test_staff_need_their_own_second_factor(configure, cast: Cast, settings) -> None:
    settings.NSADMIN_REQUIRE_STAFF_MFA = True
    rule = {"organization_id": cast.operator.organization_id}
    configure(second_factor="provider", domain=rule)
    staff = cast.users["support"]
    staff.email = f"nora@{DOMAIN}"
    staff.save()
    client = Client()
    signed_in(client)
    assert client.get("/jobs/").headers["Location"] == "/account/second-factor/"
    give_app(staff)
    client = Client()
    signed_in(client)
    assert user_of(client) is None


def test_a_session_is_listed_and_ends_as_every_other(nora: User, settings) -> None:
    client, other = Client(), Client()
    signed_in(client)
    signed_in(other)
    assert UserSession.objects.filter(user=nora).count() == 2
    assert client.session["session_began_at"] == client.session["session_seen_at"]
    client.post("/account/sessions/end-others/")
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
    nora.refresh_from_db()
    nora.end_sessions()
    assert client.get("/account/").status_code == 302
    signed_in(client)
    settings.NSADMIN_SESSION_MAX_S = 0
    assert client.get("/account/").status_code == 302


def test_the_sign_in_page_shows_public_providers_alone(configure, provider) -> None:
    response = Client().get(f"{SIGN_IN}?next=/jobs/")
    page, policy = (
        response.content.decode(),
        response.headers["Content-Security-Policy"],
    )
    assert "Northlight" not in page
    assert 'href="/accounts/sso/?next=/jobs/"' in page
    assert "form-action 'self';" in f"{policy};"
    assert provider.url not in policy
    configure(public=True, origins=["https://behind.example"])
    response = Client().get(f"{SIGN_IN}?next=/jobs/")
    page, policy = (
        response.content.decode(),
        response.headers["Content-Security-Policy"],
    )
    assert "Continue with Northlight ID" in page
    assert '<input type="hidden" name="next" value="/jobs/">' in page
    assert f"form-action 'self' {provider.url} https://behind.example" in policy
    assert "default-src 'none'" in policy


def test_no_other_page_may_lead_elsewhere(configure, provider, nora: User) -> None:
    configure(public=True)
    client = Client()
    signed_in(client)
    for path in ("/account/", "/jobs/", "/account/sessions/"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "form-action 'self'" in policy
        assert provider.url not in policy


def test_without_providers_nothing_is_offered(settings) -> None:
    settings.NSADMIN_SSO = ""
    assert "ingle sign-on" not in Client().get(SIGN_IN).content.decode()
    assert Client().get("/accounts/sso/").status_code == 404


def test_an_address_leads_to_the_provider_of_its_domain(provider) -> None:
    client = Client()
    assert (
        provider.url
        not in client.get("/accounts/sso/").headers["Content-Security-Policy"]
    )
    response = client.post("/accounts/sso/", {"login": f"any@{DOMAIN}", "next": "/x/"})
    page = response.content.decode()
    assert "Continue with Northlight ID" in page
    assert '<input type="hidden" name="next" value="/x/">' in page
    assert provider.url in response.headers["Content-Security-Policy"]
    signed_in(client, login=f"any@{DOMAIN}")
    assert provider.asked[-1]["login_hint"] == f"any@{DOMAIN}"
    unknown = client.post("/accounts/sso/", {"login": "any@elsewhere.example"})
    assert unknown.status_code == 422
    assert b"No single sign-on is set up for this domain" in unknown.content
    foreign = client.post(
        "/accounts/sso/", {"login": f"a@{DOMAIN}", "next": "//evil.example"}
    )
    assert b"evil.example" not in foreign.content


def test_begun_sign_ins_are_limited(settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "sso": "2/m/ip"}
    statuses = [Client().post("/accounts/sso/nl/start/").status_code for _ in range(3)]
    assert statuses == [302, 302, 429]


def test_a_sign_in_is_not_begun_by_a_link() -> None:
    assert Client().get("/accounts/sso/nl/start/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/accounts/sso/nl/start/").status_code == 403


def test_words_of_a_refusal_are_shown_once(provider) -> None:
    provider.claims["email"] = "eve@elsewhere.example"
    client = Client()
    signed_in(client)
    assert "is not set up for the domain" in said(client)
    assert "is not set up for the domain" not in said(client)
    assert not Authenticator.objects.exists()
