"""Leaving an organization, and members who are deactivated, through the pages."""

from django.core.management import call_command

from nsadmin.access.models import ApiKey, DeactivatedMember, Membership
from nsadmin.access.organization import members
from nsadmin.access.organization.organizations import actor_of_user
from tests.pages.test_organization_members import page_of


def leave_of(organization) -> str:
    return f"/account/organizations/{organization.organization_id}/leave/"


def test_a_member_leaves_from_their_account(sure, cast, own):
    client = sure("member")
    path = leave_of(cast.northlight)
    assert f'href="{path}"' in client.get("/account/").content.decode()
    page = client.get(path).content.decode()
    assert "Leave Northlight Media?" in page
    assert "You have no API keys." in " ".join(page.split())
    response = client.post(path)
    assert response.status_code == 302
    assert client.get(own).status_code == 403
    assert not cast.northlight.memberships.filter(user=cast.users["member"]).exists()


def test_who_belongs_elsewhere_leaves_one_and_stays_in_the_other(sure, cast, own):
    Membership.objects.create(
        user=cast.users["viewer"], organization=cast.halden, role="viewer"
    )
    client = sure("viewer")
    response = client.post(leave_of(cast.northlight), follow=True)
    assert b"You left Northlight Media." in response.content
    assert b"museum objects" in client.get("/namespaces/").content
    assert client.get(own).status_code == 404


def test_the_password_is_asked_for(browse, cast):
    response = browse("member").post(leave_of(cast.northlight))
    assert b"Confirm your password" in response.content
    assert cast.northlight.memberships.filter(user=cast.users["member"]).exists()


def test_the_last_admin_does_not_leave(sure, browse, cast):
    for client in (sure(), browse("admin")):
        response = client.post(leave_of(cast.northlight))
        assert response.status_code == 409
        assert b"is the last admin of Northlight Media" in response.content
    assert cast.northlight.memberships.filter(user=cast.users["admin"]).exists()


def test_the_last_admin_reads_why_before_leaving_is_sent(browse, cast):
    text = browse().get(leave_of(cast.northlight)).content.decode()
    assert "is the last admin of Northlight Media" in text
    assert "Leave the organization" not in text


def test_one_leaves_only_where_one_belongs(sure, cast):
    client = sure("member")
    assert client.get(leave_of(cast.halden)).status_code == 404
    assert client.post(leave_of(cast.halden)).status_code == 404
    staff = sure("platform_admin")
    assert staff.post(leave_of(cast.northlight)).status_code == 404
    assert staff.post(leave_of(cast.operator)).status_code == 409
    assert b">Leave<" not in staff.get("/account/").content


def test_a_deactivated_member_is_out_and_comes_back(sure, browse, cast, own):
    member, client = browse("member"), sure()
    ApiKey.objects.filter(name="member key").update(creator=cast.users["member"])
    bearer = cast.bearer("member")
    assert member.get(own).status_code == 200
    page = " ".join(client.get(page_of(cast, "member")).content.decode().split())
    assert "1 API key that they created is refused meanwhile" in page
    response = client.post(page_of(cast, "member"), {"step": "deactivate"}, follow=True)
    assert b"Member is deactivated. 1 key without effect." in response.content
    assert member.get(own).status_code == 403
    assert member.get("/v1/namespaces", headers=bearer).status_code == 401
    listed = client.get("/organization/").content.decode()
    assert "They cannot see anything until an admin reactivates them" in listed
    row = DeactivatedMember.objects.get()
    at = f"/organization/members/deactivated/{row.pk}/"
    assert at in listed
    assert b"Inactive" in client.get("/organization/keys/").content
    page = " ".join(client.get(at).content.decode().split())
    assert "1 API key that they created works again with it." in page
    response = client.post(at, {"step": "reactivate"}, follow=True)
    assert b"Member is a member again, as member." in response.content
    assert member.get(own).status_code == 200
    assert member.get("/v1/namespaces", headers=bearer).status_code == 200


def test_who_works_for_the_platform_now_is_not_reactivated_and_says_why(sure, cast):
    client, user = sure(), cast.users["member"]
    client.post(page_of(cast, "member"), {"step": "deactivate"})
    at = f"/organization/members/deactivated/{DeactivatedMember.objects.get().pk}/"
    call_command("staff", "add", user.email, "--role", "support")
    page = client.get(at).content.decode()
    assert "Member works for the platform now, and its people cannot be" in page
    assert 'value="reactivate"' not in page
    refused = client.post(at, {"step": "reactivate"})
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "Member works for the platform now" in page
    assert "Nothing was changed." in page
    call_command("staff", "remove", user.email, "--role", "support")
    response = client.post(at, {"step": "reactivate"}, follow=True)
    assert b"Member is a member again, as member." in response.content


def test_a_deactivated_member_is_removed(sure, cast):
    client = sure()
    client.post(page_of(cast, "member"), {"step": "deactivate"})
    at = f"/organization/members/deactivated/{DeactivatedMember.objects.get().pk}/"
    response = client.post(at, {"step": "remove"}, follow=True)
    assert b"Member was removed." in response.content
    assert client.get(at).status_code == 404
    assert not DeactivatedMember.objects.exists()


def test_nobody_deactivates_themselves(sure, cast):
    client = sure()
    assert b"Deactivate" not in client.get(page_of(cast, "admin")).content
    form = {"step": "deactivate", "role": "admin"}
    response = client.post(page_of(cast, "admin"), form)
    assert response.status_code == 409
    assert b"You can leave instead." in response.content


def test_a_person_without_any_organization_is_told(sure, browse, cast):
    admin = actor_of_user(cast.users["admin"], cast.northlight.organization_id)
    assert admin is not None
    viewer = cast.northlight.memberships.get(user=cast.users["viewer"])
    members.deactivate(admin, viewer)
    response = browse("viewer").get("/namespaces/")
    assert response.status_code == 403
    assert b"You belong to no organization" in response.content
    said = " ".join(response.content.decode().split())
    assert "an admin has deactivated your membership of" in said
    assert cast.northlight.name in said
