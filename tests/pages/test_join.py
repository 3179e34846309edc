"""The link of an invitation: who it lets in, as what, and whom it does not."""

import pytest
from django.core.cache import cache
from django.test import Client

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from tests.cast import Cast, invite
from tests.pages.test_organization_invitations import NEW, asking, link_in
from tests.people import PASSWORD

NELE = "nele@example.org"
CHOSEN = {"password1": "a-password-of-mine", "password2": "a-password-of-mine"}


@pytest.fixture(autouse=True)
def _tries_begin_anew(stores: object) -> None:
    """All tests come from one address."""
    cache.clear()


def link(cast: Cast, email: str = NELE) -> str:
    return f"/join/{invite(cast.northlight, email, 'Nele').secret}/"


def sign_in(client: Client, email: str, password: str, after: str = ""):
    data = {"login": email, "password": password, "next": after}
    return client.post("/accounts/login/", data)


def is_member(cast: Cast, email: str) -> bool:
    return cast.northlight.memberships.filter(user__email=email).exists()


def test_a_planted_password_opens_no_other_organization(sure, cast):
    """An admin makes a stranger's account himself; another organization invites it."""
    person = "head.of.archive@example.org"
    # Halden's admin invites a stranger, and opens the link himself.
    wanted = {"email": person, "name": "Somebody", "role": "viewer"}
    theirs = sure("stranger")
    own_link = link_in(theirs.post(NEW, asking(theirs, **wanted), follow=True))
    thief = Client()
    assert thief.post(own_link, CHOSEN).status_code == 302
    assert sign_in(thief, person, CHOSEN["password1"]).status_code == 302
    # Northlight's admin invites the same address, as admin: nobody is a member by that.
    wanted["role"] = "admin"
    ours = sure()
    their_link = link_in(ours.post(NEW, asking(ours, **wanted), follow=True))
    assert not is_member(cast, person)
    to_northlight = {"organization_id": cast.northlight.organization_id}
    assert thief.post("/organization/switch/", to_northlight).status_code == 404
    assert b"film archive" not in thief.get("/namespaces/").content
    assert b"Northlight" not in thief.get("/organization/").content
    # Its link sets no password either: the account has one.
    nobody = Client()
    assert b"Sign in with it first" in nobody.get(their_link).content
    assert nobody.post(their_link, CHOSEN).status_code == 409
    assert User.objects.get(email=person).check_password(CHOSEN["password1"])
    assert not is_member(cast, person)
    # The one who has the mailbox sets the password anew, and joins; the thief is out.
    user = User.objects.get(email=person)
    user.set_password("the-true-one-chose-this")
    user.save()
    assert thief.get("/namespaces/").status_code == 302
    true_one = Client()
    sign_in(true_one, person, "the-true-one-chose-this")
    assert true_one.post(their_link).status_code == 302
    assert is_member(cast, person)


def test_looking_has_no_effect(cast, browse):
    address = link(cast)
    before = Invitation.objects.get()
    for client in (Client(), browse("member")):
        for _ in range(2):
            response = client.get(address)
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "no-store"
            # "no-referrer" would take the origin from the form's POST as well.
            assert response.headers["Referrer-Policy"] == "same-origin"
    assert Invitation.objects.get() == before
    assert not User.objects.filter(email=NELE).exists()


def test_who_has_no_account_chooses_a_password_and_is_not_signed_in(cast):
    address, client = link(cast), Client()
    form = client.get(address).content.decode()
    assert "Join Northlight Media" in form
    assert "invited as viewer" in form
    assert 'autocomplete="new-password"' in form
    response = client.post(address, CHOSEN, follow=True)
    assert response.redirect_chain == [("/accounts/login/", 302)]
    assert b"You joined Northlight Media as viewer." in response.content
    form = " ".join(response.content.decode().split())
    assert f'value="{NELE}"' in form
    assert 'autocomplete="current-password" required autofocus' in form
    assert NELE not in client.get("/accounts/login/").content.decode()
    assert "_auth_user_id" not in client.session
    sign_in(client, NELE, CHOSEN["password1"])
    assert b"film archive" in client.get("/namespaces/").content
    assert User.objects.get(email=NELE).name == "Nele"
    used = Client().get(address)
    assert used.status_code == 404
    assert b"The link no longer works" in used.content
    assert Client().post(address, CHOSEN).status_code == 404


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("short", "short", b"at least 12 characters"),
        ("nele@example.org", "nele@example.org", b"too similar"),
        ("1q2w3e4r5t6y7u8i9o0p", "1q2w3e4r5t6y7u8i9o0p", b"too common"),
        ("a-password-of-mine", "another-password", b"same password each time"),
        ("", "", b"required"),
    ],
)
def test_a_bad_password_makes_nothing(cast, first, second, reason):
    address = link(cast)
    response = Client().post(address, {"password1": first, "password2": second})
    assert response.status_code == 422
    assert reason in response.content
    assert not User.objects.filter(email=NELE).exists()
    assert Invitation.objects.exists()


def test_who_has_an_account_signs_in_and_joins_with_one_button(cast):
    email = cast.users["stranger"].email
    address, client = link(cast, email), Client()
    text = client.get(address).content.decode()
    assert f'href="/accounts/login/?next={address}"' in text
    assert "password1" not in text
    back = sign_in(client, email, PASSWORD, address)
    assert back.headers["Location"] == address
    text = client.get(address).content.decode()
    assert "Join Northlight Media as viewer</button>" in text
    assert not is_member(cast, email)
    response = client.post(address, follow=True)
    assert response.redirect_chain == [("/namespaces/", 302)]
    assert b"You joined Northlight Media as viewer." in response.content
    assert b"film archive" in response.content
    home = client.session[ORGANIZATION_SESSION_KEY]
    assert home == cast.northlight.organization_id
    membership = Membership.objects.get(
        user=cast.users["stranger"], organization=cast.northlight
    )
    assert membership.role == "viewer"
    assert client.post(address).status_code == 404


def test_joining_needs_the_token_of_a_form(cast):
    address = link(cast)
    client = Client(enforce_csrf_checks=True)
    assert client.post(address, CHOSEN).status_code == 403
    client.force_login(cast.users["stranger"])
    own = link(cast, cast.users["stranger"].email)
    assert client.post(own).status_code == 403
    assert cast.northlight.memberships.count() == 3


@pytest.mark.parametrize("has_account", [True, False])
def test_who_is_signed_in_as_another_is_told_and_may_sign_out(
    cast, browse, has_account
):
    email = cast.users["stranger"].email if has_account else NELE
    address, client = link(cast, email), browse("member")
    text = client.get(address).content.decode()
    assert f"you are signed in as <b>{cast.users['member'].email}</b>" in text
    assert client.post(address, CHOSEN).status_code == 409
    assert not is_member(cast, email)
    out = client.post("/accounts/logout/", {"next": address})
    assert out.headers["Location"] == address
    assert client.get(address).status_code == 200


def test_the_platforms_people_join_nothing(cast, browse):
    for role in ("support", "platform_admin"):
        address, client = link(cast, cast.users[role].email), browse(role)
        assert b"cannot join an organization" in client.get(address).content
        assert client.post(address).status_code == 403
        assert not is_member(cast, cast.users[role].email)


@pytest.mark.parametrize("end", ["withdrawn", "expired", "replaced", "never made"])
def test_every_dead_link_is_the_same_page(cast, end):
    address = link(cast)
    match end:
        case "withdrawn":
            Invitation.objects.get().delete()
        case "expired":
            row = Invitation.objects.get()
            row.expires_at = row.created_at
            row.save()
        case "replaced":
            link(cast)
        case "never made":
            address = f"/join/{'x' * 43}/"
    for response in (Client().get(address), Client().post(address, CHOSEN)):
        assert response.status_code == 404
        assert b"The link no longer works" in response.content
        assert b"Northlight" not in response.content
    assert not User.objects.filter(email=NELE).exists()


def test_trying_links_comes_to_an_end(cast):
    tried = [Client().post(f"/join/{number}/") for number in range(31)]
    assert [answer.status_code for answer in tried] == [404] * 30 + [429]
    assert b"Wait a minute" in tried[-1].content
    assert Client().post(link(cast), CHOSEN).status_code == 429
    assert not is_member(cast, NELE)
