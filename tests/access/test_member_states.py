"""Members who are deactivated, come back, or leave; the last active admin stays."""

from collections.abc import Callable

import pytest

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.models import (
    ApiKey,
    DeactivatedMember,
    Invitation,
    Membership,
    Organization,
    User,
)
from nsadmin.access.organization import acceptance, invitations, listing, members
from nsadmin.access.organization.organizations import actor_of_user, command_actor
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, NotFound, Unauthorized
from tests.access.races import at_once
from tests.access.test_members import joined, last_event
from tests.people import gather


@pytest.fixture
def halden(db: None) -> Organization:
    return Organization.objects.create(name="Halden")


@pytest.fixture
def ana(halden: Organization) -> Membership:
    return joined(halden, "Ana")


@pytest.fixture
def actor(ana: Membership) -> Actor:
    return actor_for(ana)


def actor_for(membership: Membership) -> Actor:
    found = actor_of_user(membership.user, membership.organization_id)
    assert found is not None
    return found


def test_who_is_deactivated_has_no_access_and_stays_listed(halden, ana, actor) -> None:
    bo = joined(halden, "Bo", "member")
    members.deactivate(actor, bo)
    assert actor_of_user(bo.user, halden.organization_id) is None
    assert [m.user.name for m in listing.members(halden)] == ["Ana"]
    row = listing.deactivated(halden).get()
    assert (row.user, row.role) == (bo.user, "member")
    assert row.joined_at == bo.created_at
    assert row.deactivated_by == "ana@example.org"
    event = last_event()
    assert (event.action, event.actor_label) == ("member:deactivate", "ana@example.org")
    assert (event.changes[0]["before"], event.changes[0]["after"]) == (
        "member",
        "deactivated",
    )


def test_another_organization_of_theirs_is_not_touched(halden, ana, actor) -> None:
    bo = joined(halden, "Bo", "member")
    other = Organization.objects.create(name="Other")
    Membership.objects.create(user=bo.user, organization=other, role="viewer")
    epoch = bo.user.session_epoch
    members.deactivate(actor, bo)
    bo.user.refresh_from_db()
    assert bo.user.session_epoch == epoch
    there = actor_of_user(bo.user, halden.organization_id)
    assert there is not None
    assert there.organization_id == other.organization_id


def test_their_keys_rest_and_their_invitations_end(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    _, key = create_key(halden, name="bo", role=Role.MEMBER, creator=bo.user)
    for address, inviter in (("new@example.org", bo), ("x@example.org", ana)):
        invitations.invite(
            actor_for(inviter),
            halden,
            inviter.user,
            email=address,
            name="",
            role=Role.VIEWER,
        )
    assert members.deactivate(actor, bo) == members.RemovalResult(1, 1)
    with pytest.raises(Unauthorized):
        actor_of_key(key)
    assert not ApiKey.objects.get().revoked_at
    assert Invitation.objects.get().email == "x@example.org"
    back = members.reactivate(actor, listing.deactivated(halden).get())
    assert (back.user, back.role) == (bo.user, "admin")
    assert back.created_at == bo.created_at
    assert actor_of_key(key).role is Role.MEMBER
    assert last_event().action == "member:reactivate"
    assert not DeactivatedMember.objects.exists()


def test_a_deactivated_member_can_be_removed_for_good(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    row, _ = create_key(halden, name="bo", role=Role.MEMBER, creator=bo.user)
    members.deactivate(actor, bo)
    assert members.remove_deactivated(actor, listing.deactivated(halden).get()).keys
    assert ApiKey.objects.get(pk=row.pk).revoked_at
    assert not DeactivatedMember.objects.exists()
    assert last_event().action == "member:remove"


def test_a_deactivated_member_is_reactivated_and_not_invited(
    halden, ana, actor
) -> None:
    bo = joined(halden, "Bo")
    members.deactivate(actor, bo)
    with pytest.raises(Conflict, match="Reactivate them instead"):
        invitations.invite(
            actor, halden, ana.user, email=bo.user.email, name="", role=Role.VIEWER
        )


def test_a_link_sets_no_password_of_a_deactivated_member(halden, ana, actor) -> None:
    bo = joined(halden, "Bo", "member")
    bo.user.set_unusable_password()
    bo.user.save()
    members.deactivate(actor, bo)
    other = Organization.objects.create(name="Other")
    cy = joined(other, "Cy")
    invited = invitations.invite(
        actor_for(cy), other, cy.user, email=bo.user.email, name="", role=Role.VIEWER
    )
    assert not acceptance.is_open_account(invited.invitation)
    with pytest.raises(Conflict):
        acceptance.join_with_new_account(invited.secret, "a-long-password")


def test_nobody_deactivates_themselves_or_the_last_admin(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    with pytest.raises(Conflict, match="yourself"):
        members.deactivate(actor, ana)
    members.deactivate(actor, bo)
    with pytest.raises(Conflict) as caught:
        members.deactivate(actor_for_command(halden), ana)
    assert caught.value.code == "last_admin"
    assert halden.memberships.filter(role="admin").count() == 1


def actor_for_command(organization: Organization) -> Actor:
    return command_actor(organization, "test")


def test_a_member_leaves_and_nobody_leaves_for_another(halden, ana, actor) -> None:
    bo = joined(halden, "Bo", "viewer")
    row, _ = create_key(halden, name="bo", role=Role.VIEWER, creator=bo.user)
    with pytest.raises(Forbidden):
        members.leave(actor, bo)
    assert members.leave(actor_for(bo), bo).keys == 1
    assert ApiKey.objects.get(pk=row.pk).revoked_at
    assert not halden.memberships.filter(user=bo.user).exists()
    event = last_event()
    assert event.action == "member:leave"
    assert event.summary == "bo@example.org leaves. Their API keys are revoked (1)."
    with pytest.raises(Conflict) as caught:
        members.leave(actor, ana)
    assert caught.value.code == "last_admin"


def test_a_foreign_deactivated_member_is_not_there(halden, ana, actor) -> None:
    other = Organization.objects.create(name="Other")
    cy, _ = joined(other, "Cy"), joined(other, "Di")
    members.deactivate(actor_for_command(other), cy)
    row = DeactivatedMember.objects.get()
    for organization, pk in ((halden, row.pk), (other, row.pk + 1)):
        with pytest.raises(NotFound):
            members.find_deactivated(organization, pk)
    with pytest.raises(NotFound):
        members.find_own(ana.user, other.organization_id)


def test_a_support_session_brings_no_member_back(db: None) -> None:
    people = gather()
    admin = people.users["admin"]
    bo = people.northlight.memberships.get(user=people.users["member"])
    found = actor_of_user(admin, people.northlight.organization_id)
    assert found is not None
    members.deactivate(found, bo)
    people.open_session("platform_admin", people.northlight)
    staff = actor_of_user(people.users["platform_admin"], None)
    assert staff is not None
    with pytest.raises(Forbidden):
        members.reactivate(staff, DeactivatedMember.objects.get())


def test_who_works_for_the_platform_now_does_not_come_back(halden, ana, actor) -> None:
    bo = joined(halden, "Bo")
    members.deactivate(actor, bo)
    User.objects.filter(pk=bo.user.pk).update(platform_role=Role.SUPPORT.value)
    row = listing.deactivated(halden).get()
    with pytest.raises(Conflict, match="Bo works for the platform now") as caught:
        members.reactivate(actor, row)
    assert caught.value.code == "platform_role"
    User.objects.filter(pk=bo.user.pk).update(platform_role="")
    assert members.reactivate(actor, row).role == "admin"


# Two at the same moment ----------------------------------------------------------------

Act = Callable[[Actor, Membership], object]
ACTS: dict[str, Act] = {
    "deactivate": members.deactivate,
    "remove": members.remove,
    "demote": lambda actor, of: members.change_role(actor, of, Role.VIEWER),
}


def leaves(of: Membership) -> Callable[[], object]:
    actor = actor_for(of)
    return lambda: members.leave(actor, of)


@pytest.mark.parametrize("first", [*ACTS, "leave"])
@pytest.mark.parametrize("second", [*ACTS, "leave"])
def test_two_admins_at_once_leave_one(own_rows, first: str, second: str) -> None:
    for turn in range(3):
        organization = Organization.objects.create(name=f"Race {turn}")
        both = [joined(organization, f"r{turn}-{n}") for n in range(2)]
        acts = [
            _act(name, both[n], both[1 - n]) for n, name in enumerate((first, second))
        ]
        results = at_once(*acts)
        # Who was demoted first may leave.
        may_both = [["", ""]] if {first, second} == {"demote", "leave"} else []
        allowed = [["", "Conflict"], ["", "NotFound"], *may_both]
        assert results in allowed
        assert organization.memberships.filter(role="admin").count() == 1


def _act(name: str, by: Membership, other: Membership) -> Callable[[], object]:
    if name == "leave":
        return leaves(by)
    actor = actor_for(by)
    return lambda: ACTS[name](actor, other)


def test_two_who_reactivate_at_once_make_one_member(own_rows) -> None:
    organization = Organization.objects.create(name="Race")
    ana, bo = joined(organization, "Ana"), joined(organization, "Bo")
    actor = actor_for(ana)
    members.deactivate(actor, bo)
    row = listing.deactivated(organization).get()
    acts = [lambda: members.reactivate(actor, row) for _ in range(2)]
    assert at_once(*acts) == ["", "NotFound"]
    assert organization.memberships.count() == 2
    events = AuditEvent.objects.filter(action="member:reactivate")
    assert events.count() == 1
