"""Whose session an identity opens: domains, staff, other identities, suspension."""

from datetime import timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.access.organization import members
from nsadmin.audit.models import AuditEvent
from tests.cast import Cast, invite
from tests.sso.conftest import DOMAIN, answer_of, begin, said, signed_in, user_of
from tests.sso.provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.usefixtures("configure")


def refused(provider, *, words: str) -> Client:
    """Sign in in vain; say why, and write it for the organization."""
    before = (User.objects.count(), SocialAccount.objects.count())
    client = Client()
    assert signed_in(client).headers["Location"] == "/accounts/login/"
    assert user_of(client) is None
    assert words in said(client)
    assert (User.objects.count(), SocialAccount.objects.count()) == before
    event = AuditEvent.objects.filter(action="account:sign-in").latest("at")
    assert event.outcome == "refused"
    assert event.actor_id == "sso:nl"
    return client


@pytest.mark.parametrize(
    "email",
    [
        "chief@halden.example",
        f"nora@sub.{DOMAIN}",
        f"nora@evil{DOMAIN}",
        f"nora@{DOMAIN}.evil.example",
        f'"nora@{DOMAIN}"@halden.example',
    ],
    ids=str,
)
def test_an_address_of_another_domain_is_nobody(provider, cast: Cast, email) -> None:
    cast.users["stranger"].email = "chief@halden.example"
    cast.users["stranger"].save()
    provider.claims["email"] = email
    refused(provider, words="is not set up for the domain of your address")
    event = AuditEvent.objects.latest("at")
    assert "halden" not in event.summary


@pytest.mark.parametrize(
    "email",
    [
        f"nora@{DOMAIN}@halden.example",
        "nora@northlight.exam\u017fple",
        "nora@northlight.e\u0445ample",
        f"nora@{'x.' * 125}{DOMAIN}",
        "nora",
        "",
        None,
        7,
        [f"nora@{DOMAIN}"],
    ],
    ids=repr,
)
def test_an_address_that_cannot_be_used_is_nobody(provider, email) -> None:
    provider.claims["email"] = email
    refused(provider, words="Northlight ID sent no usable e-mail address of yours.")
    summary = AuditEvent.objects.latest("at").summary
    assert summary.startswith("A person may not sign in: Northlight ID sent no usable")


def test_letters_that_become_ascii_are_refused(provider, nora: User) -> None:
    """KELVIN SIGN and LONG S are small letters of ASCII only after a change of case."""
    provider.claims["email"] = "NORA@NORTHLIGHT.EXAMPLE"
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    SocialAccount.objects.all().delete()
    nora.email = f"kim@{DOMAIN}"
    nora.save()
    provider.claims["email"] = f"\u212aim@{DOMAIN}"
    refused(provider, words="sent no usable e-mail address of yours.")


def test_two_providers_keep_their_domains(
    provider, configure, cast: Cast, nora: User
) -> None:
    """The provider of Halden signs nobody in at Northlight's domain."""
    halden = {
        **_entry(provider),
        "id": "halden",
        "name": "Halden ID",
        "domains": [
            {
                "domain": "halden.example",
                "organization_id": cast.halden.organization_id,
                "provision": True,
            }
        ],
    }
    configure(halden)
    client = Client()
    signed_in(client, "halden")
    assert user_of(client) is None
    assert "Halden ID is not set up for the domain" in said(client)
    # The same subject at another provider is another person.
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    provider.claims["email"] = "nora@halden.example"
    other = Client()
    signed_in(other, "halden")
    assert user_of(other) not in (None, nora.pk)
    assert Membership.objects.get(user=user_of(other)).organization == cast.halden


def _entry(provider) -> dict[str, object]:
    return {
        "kind": "oidc",
        "server_url": provider.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "token_auth_method": "client_secret_post",
    }


def test_an_answer_for_one_provider_is_none_for_another(
    provider, configure, cast: Cast, nora: User
) -> None:
    other = {
        **_entry(provider),
        "id": "other",
        "name": "Other",
        "domains": [
            {"domain": "o.example", "organization_id": cast.halden.organization_id}
        ],
    }
    configure(other)
    client = Client()
    path = answer_of(begin(client, "other")).replace("/sso/other/", "/sso/nl/")
    client.get(path)
    assert user_of(client) is None
    assert provider.tokens_given == 0


@pytest.mark.parametrize("claim", [False, None, "false", "yes", 1])
def test_an_address_that_is_not_verified_is_nobody(provider, nora: User, claim) -> None:
    provider.claims["email_verified"] = claim
    refused(provider, words="does not say that your address is verified")


def test_the_operator_may_trust_the_addresses_of_the_domain(
    provider, configure, nora: User
) -> None:
    configure(email_verified="domain")
    del provider.claims["email_verified"]
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    SocialAccount.objects.all().delete()
    provider.claims["email_verified"] = False
    refused(provider, words="does not say that your address is verified")


def test_userinfo_verifies_no_other_address_than_the_token_names(
    provider, nora: User
) -> None:
    provider.claims = {"sub": "x", "email": f"x@{DOMAIN}", "email_verified": True}
    provider.token = {"email": nora.email, "email_verified": None}
    refused(provider, words="does not say that your address is verified")


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_staff_are_not_matched_by_a_customers_provider(
    provider, cast: Cast, role: str
) -> None:
    staff = cast.users[role]
    staff.email = f"nora@{DOMAIN}"
    staff.save()
    refused(provider, words="does not sign in people of the platform")


def test_who_becomes_staff_is_no_longer_signed_in_by_it(provider, nora: User) -> None:
    signed_in(Client())
    nora.platform_role = "support"
    nora.save()
    refused(provider, words="does not sign in people of the platform")


def test_staff_sign_in_through_a_provider_of_the_operator(
    provider, configure, cast: Cast
) -> None:
    configure(domain={"organization_id": cast.operator.organization_id})
    staff = cast.users["support"]
    staff.email = f"nora@{DOMAIN}"
    staff.save()
    client = Client()
    signed_in(client)
    assert user_of(client) == staff.pk


def test_a_provider_makes_nobody_of_the_platform(
    provider, configure, cast: Cast
) -> None:
    configure(domain={"organization_id": cast.operator.organization_id})
    refused(provider, words="does not create accounts of the platform")


def test_a_change_of_address_takes_over_no_account(
    provider, cast: Cast, nora: User
) -> None:
    signed_in(Client())
    other = cast.users["viewer"]
    other.email = f"vic@{DOMAIN}"
    other.save()
    provider.claims["email"] = other.email
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    nora.refresh_from_db()
    assert nora.email == f"nora@{DOMAIN}"


def test_who_gets_an_address_of_before_does_not_get_its_account(
    provider, nora: User
) -> None:
    signed_in(Client())
    provider.claims["sub"] = "nora-2"
    refused(provider, words="is bound to another identity there")


def test_a_subject_stays_with_its_domain(provider, configure, nora: User) -> None:
    signed_in(Client())
    nora.email = "nora@elsewhere.example"
    nora.save()
    refused(provider, words="is not set up for the domain of your address")


def test_a_deactivated_user_is_refused_bound_or_not(provider, nora: User) -> None:
    nora.is_active = False
    nora.save()
    refused(provider, words="your account is disabled")
    nora.is_active = True
    nora.save()
    signed_in(Client())
    nora.is_active = False
    nora.save()
    refused(provider, words="your account is disabled")


def test_a_suspended_organization_signs_nobody_in(provider, cast: Cast) -> None:
    cast.northlight.suspended_at = timezone.now()
    cast.northlight.save()
    refused(provider, words="belongs to a suspended organization")


def test_without_provisioning_an_admin_has_to_invite(
    provider, configure, cast: Cast
) -> None:
    configure(domain={"provision": False})
    refused(provider, words="Ask an admin of your organization to invite you")
    invite(cast.northlight, f"nora@{DOMAIN}")
    client = Client()
    signed_in(client)
    membership = Membership.objects.get(user=user_of(client))
    assert (membership.organization, membership.role) == (cast.northlight, "viewer")
    assert not Invitation.objects.exists()
    event = AuditEvent.objects.get(action="member:join")
    assert event.actor_id == "sso:nl"


def test_an_invitation_of_another_organization_is_not_accepted(
    provider, configure, cast: Cast
) -> None:
    configure(domain={"provision": False})
    invite(cast.halden, f"nora@{DOMAIN}")
    refused(provider, words="there is no account for you here")
    assert Invitation.objects.count() == 1


def test_an_expired_invitation_is_not_accepted(provider, configure, cast: Cast) -> None:
    configure(domain={"provision": False})
    invite(cast.northlight, f"nora@{DOMAIN}")
    Invitation.objects.update(expires_at=timezone.now())
    refused(provider, words="there is no account for you here")


def test_a_removed_member_is_not_made_one_again(
    provider, cast: Cast, nora: User
) -> None:
    signed_in(Client())
    nora.memberships.all().delete()
    refused(provider, words="you belong to no organization here")
    SocialAccount.objects.all().delete()
    refused(provider, words="you belong to no organization here")
    invite(cast.northlight, nora.email)
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk
    assert Membership.objects.get(user=nora).role == "viewer"


def test_a_deactivated_member_is_not_made_one_again(
    provider, cast: Cast, nora: User
) -> None:
    signed_in(Client())
    members.deactivate(cast.actor("admin"), nora.memberships.get())
    refused(provider, words="you belong to no organization here")
    Invitation.objects.create(
        organization=cast.northlight,
        email=nora.email,
        role="admin",
        digest="0" * 64,
        expires_at=timezone.now() + timedelta(days=1),
    )
    refused(provider, words="you belong to no organization here")
    members.reactivate(cast.actor("admin"), cast.northlight.deactivated_members.get())
    client = Client()
    signed_in(client)
    assert user_of(client) == nora.pk


def test_an_organization_that_is_gone_signs_nobody_in(provider, configure) -> None:
    configure(domain={"organization_id": "org_gone"})
    refused(provider, words="is not set up for an organization here")


def test_a_role_is_given_at_the_first_sign_in_alone(
    provider, configure, cast: Cast
) -> None:
    client = Client()
    signed_in(client)
    configure(domain={"role": "admin"})
    client = Client()
    signed_in(client)
    assert Membership.objects.get(user=user_of(client)).role == "member"


def test_a_sign_in_ends_the_session_of_another_person(
    provider, cast: Cast, nora: User
) -> None:
    client = cast.browser("stranger")
    signed_in(client)
    assert user_of(client) == nora.pk
    assert "organization_id" not in client.session
