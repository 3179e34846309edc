"""Adding, changing and removing members through the pages."""

import re

import pytest
from django.test import Client

from nsadmin.access.models import Membership, User

NEW = "/organization/members/new/"


def page_of(cast, who: str) -> str:
    membership = Membership.objects.get(user=cast.users[who])
    return f"/organization/members/{membership.pk}/"


def link_in(response) -> str:
    found = re.search(r'id="once">https?://[^/]+(/[^<]+)<', response.content.decode())
    assert found, "no link is shown"
    return found[1]


def test_a_new_address_gets_a_link_that_is_shown_once_and_works_once(sure, cast):
    client = sure()
    data = {"email": "New@Example.org", "name": "Neu Kam", "role": "member"}
    response = client.post(NEW, data)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    link = link_in(response)
    again = client.post(NEW, data)
    assert again.status_code == 422
    assert b"Neu Kam is a member already" in again.content
    assert link.encode() not in again.content
    assert link.encode() not in client.get("/organization/").content

    person = Client()
    form = person.get(link, follow=True)
    assert form.status_code == 200
    chosen = {"password1": "a-password-of-mine", "password2": "a-password-of-mine"}
    done = person.post(form.redirect_chain[-1][0], chosen, follow=True)
    assert b"The password is set" in done.content
    signed_in = person.post(
        "/accounts/login/",
        {"login": "new@example.org", "password": chosen["password1"]},
    )
    assert signed_in.headers["Location"] == "/namespaces/"
    assert b"film archive" in person.get("/namespaces/").content
    used = Client().get(link, follow=True)
    assert b"The link no longer works" in used.content


def test_a_new_link_closes_the_one_before(sure, cast):
    client = sure()
    first = link_in(client.post(NEW, {"email": "new@example.org", "role": "viewer"}))
    member = Membership.objects.get(user__email="new@example.org")
    address = f"/organization/members/{member.pk}/"
    assert b"Make a new link" in client.get(address).content
    second = link_in(client.post(address, {"step": "link", "role": "viewer"}))
    assert b"no longer works" in Client().get(first, follow=True).content
    assert b"Choose a password" in Client().get(second, follow=True).content


def test_no_link_for_who_has_a_password_or_belongs_elsewhere(sure, cast):
    client = sure()
    address = page_of(cast, "member")
    assert b"Make a new link" not in client.get(address).content
    response = client.post(address, {"step": "link", "role": "member"}, follow=True)
    assert b'id="once"' not in response.content
    user = User.objects.create_user("both@example.org", None)
    for organization in (cast.northlight, cast.halden):
        both = Membership.objects.create(
            user=user, organization=organization, role="viewer"
        )
    both = Membership.objects.get(user=user, organization=cast.northlight)
    response = client.post(
        f"/organization/members/{both.pk}/", {"step": "link", "role": "viewer"}
    )
    assert b'id="once"' not in response.content


def test_an_existing_account_is_added_without_a_link(sure, cast):
    email = cast.users["stranger"].email
    response = sure().post(NEW, {"email": email, "role": "viewer"}, follow=True)
    assert response.redirect_chain == [("/organization/", 302)]
    assert b"Stranger is a member now, as viewer. They sign in as before." in (
        response.content
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, b"Give an e-mail address"),
        ({"email": "nobody"}, b"valid email address"),
        ({"email": "x" * 250 + "@example.org", "role": "viewer"}, b"at most"),
        ({"email": "a@example.org", "role": "platform_admin"}, b"valid choice"),
        ({"email": "a@example.org", "role": ""}, b"Choose a role"),
    ],
)
def test_what_is_wrong_is_said_and_the_input_is_kept(sure, data, reason):
    response = sure().post(NEW, {"name": "<b>kept</b>", **data})
    assert response.status_code == 422
    assert reason in response.content
    assert b"&lt;b&gt;kept&lt;/b&gt;" in response.content
    assert not User.objects.filter(name__contains="kept").exists()


def test_a_role_is_changed_and_counts_at_once(sure, browse, cast, own):
    member, client = browse("member"), sure()
    assert member.get(f"{own}settings/").status_code == 200
    response = client.post(
        page_of(cast, "member"), {"step": "role", "role": "viewer"}, follow=True
    )
    assert b"Member is viewer now" in response.content
    assert member.get(f"{own}settings/").status_code == 403
    response = client.post(
        page_of(cast, "member"), {"step": "role", "role": "viewer"}, follow=True
    )
    assert b"Nothing to change." in response.content


def test_a_removed_member_is_out_with_the_next_request(sure, browse, cast, own):
    member = browse("member")
    assert member.get(own).status_code == 200
    page = sure().get(page_of(cast, "member"))
    assert b"Remove Member" in page.content
    response = sure().post(
        page_of(cast, "member"), {"step": "remove", "role": "member"}, follow=True
    )
    assert b"Member is no longer a member." in response.content
    assert member.get(own).status_code == 403
    assert b"film archive" not in member.get("/namespaces/").content


def test_who_belongs_elsewhere_too_goes_on_there(sure, browse, cast, own):
    Membership.objects.create(
        user=cast.users["member"], organization=cast.halden, role="viewer"
    )
    home = cast.northlight.memberships.get(user=cast.users["member"])
    member = browse("member")
    member.post(
        "/organization/switch/",
        {"organization_id": cast.northlight.organization_id},
    )
    assert member.get(own).status_code == 200
    sure().post(f"/organization/members/{home.pk}/", {"step": "remove"})
    assert member.get(own).status_code == 404
    assert b"museum objects" in member.get("/namespaces/").content


def test_the_last_admin_is_told_why_not(sure, cast):
    client = sure()
    for data in ({"step": "remove"}, {"step": "role", "role": "viewer"}):
        response = client.post(page_of(cast, "admin"), {"role": "admin", **data})
        assert response.status_code == 409
        assert b"Admin is the last admin of Northlight Media." in response.content
    assert Membership.objects.get(user=cast.users["admin"]).role == "admin"


def test_an_admin_leaves_when_another_stays(sure, cast):
    Membership.objects.filter(user=cast.users["member"]).update(role="admin")
    client = sure()
    assert b"Leave" in client.get(page_of(cast, "admin")).content
    response = client.post(page_of(cast, "admin"), {"step": "remove"})
    assert response.headers["Location"] == "/namespaces/"
    assert client.get("/namespaces/").status_code == 403


def test_a_platform_admin_manages_the_organization_that_is_looked_at(sure, cast):
    client = sure("platform_admin")
    chosen = {"organization_id": cast.northlight.organization_id}
    client.post("/organization/switch/", chosen)
    client.post(page_of(cast, "viewer"), {"step": "role", "role": "member"})
    assert Membership.objects.get(user=cast.users["viewer"]).role == "member"
    client.post(
        "/organization/switch/", {"organization_id": cast.halden.organization_id}
    )
    assert client.get(page_of(cast, "viewer")).status_code == 404
