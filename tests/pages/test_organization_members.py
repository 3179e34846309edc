"""Changing and removing members through the pages."""

from nsadmin.access.models import Invitation, Membership
from nsadmin.access.organization import invitations
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from tests.cast import invite


def page_of(cast, who: str) -> str:
    membership = Membership.objects.get(user=cast.users[who])
    return f"/organization/members/{membership.pk}/"


def test_a_role_is_changed_and_counts_at_once(sure, browse, cast, own):
    member, client = browse("member"), sure()
    assert member.get(f"{own}settings/").status_code == 200
    response = client.post(
        page_of(cast, "member"), {"step": "role", "role": "viewer"}, follow=True
    )
    assert b"Member is now viewer" in response.content
    assert member.get(f"{own}settings/").status_code == 302, "The session is over."
    cast.users["member"].refresh_from_db()
    assert browse("member").get(f"{own}settings/").status_code == 403
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


def test_the_page_of_the_last_admin_says_why_not_before_it_is_sent(browse, cast):
    text = browse().get(page_of(cast, "admin")).content.decode()
    assert "Admin is the last admin of Northlight Media." in text
    assert 'name="step"' not in text
    other = cast.northlight.memberships.get(user=cast.users["member"])
    other.role = "admin"
    other.save()
    text = browse().get(page_of(cast, "admin")).content.decode()
    assert "is the last admin" not in text
    assert "with your next request. Keys that you created" in text
    assert "with their next request" not in text


def test_an_admin_leaves_when_another_stays(sure, cast):
    Membership.objects.filter(user=cast.users["member"]).update(role="admin")
    client = sure()
    assert b"Leave" in client.get(page_of(cast, "admin")).content
    response = client.post(page_of(cast, "admin"), {"step": "remove"})
    assert response.headers["Location"] == "/namespaces/"
    assert client.get("/namespaces/").status_code == 403


def test_a_platform_admin_manages_the_organization_that_is_looked_at(sure, cast):
    cast.open_sessions()
    client = sure("platform_admin")
    chosen = {"organization_id": cast.northlight.organization_id}
    client.post("/organization/switch/", chosen)
    client.post(page_of(cast, "viewer"), {"step": "role", "role": "member"})
    assert Membership.objects.get(user=cast.users["viewer"]).role == "member"
    client.post(
        "/organization/switch/", {"organization_id": cast.halden.organization_id}
    )
    assert client.get(page_of(cast, "viewer")).status_code == 404


def test_who_goes_takes_the_invitations_they_asked_for_along(sure, cast):
    leaver = cast.users["member"]
    Membership.objects.filter(user=leaver).update(role="admin")
    invitations.invite(
        actor_of_user(leaver, None),
        cast.northlight,
        leaver,
        email="nele@example.org",
        name="",
        role=Role.ADMIN,
    )
    invite(cast.northlight, "other@example.org")
    client, address = sure(), page_of(cast, "member")
    assert b"1 open invitation that they asked for is withdrawn" in (
        client.get(address).content
    )
    response = client.post(address, {"step": "remove", "role": "admin"}, follow=True)
    assert b"1 invitation withdrawn." in response.content
    assert Invitation.objects.get().email == "other@example.org"
