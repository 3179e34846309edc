"""Invitations: an address is asked, its holder joins; nobody is made a member."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Invitation, Membership, Organization, User
from nsadmin.access.organization import acceptance, invitations, members
from nsadmin.access.organization.invitations import IssuedInvitation
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound
from tests.access.races import at_once

PASSWORD = "correct-horse-battery"
NELE = "nele@example.org"


class House:
    """An organization with an admin who asks others in."""

    def __init__(self, name: str) -> None:
        self.organization = Organization.objects.create(name=name)
        email = f"ana@{name.lower().replace(' ', '-')}.example"
        self.ana = User.objects.create_user(email, PASSWORD, name="Ana")
        Membership.objects.create(
            user=self.ana, organization=self.organization, role="admin"
        )

    @property
    def actor(self) -> Actor:
        found = actor_of_user(self.ana, None)
        assert found is not None
        return found

    def invite(
        self, email: str = NELE, role: Role = Role.MEMBER, name="N"
    ) -> IssuedInvitation:
        return invitations.invite(
            self.actor, self.organization, self.ana, email=email, name=name, role=role
        )

    def has(self, email: str) -> bool:
        return self.organization.memberships.filter(user__email=email).exists()


@pytest.fixture
def halden(db: None) -> House:
    return House("Halden")


@pytest.fixture
def other(db: None) -> House:
    return House("Other")


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


# Asking --------------------------------------------------------------------------------


def test_asking_makes_neither_an_account_nor_a_member(halden: House) -> None:
    asked = halden.invite("Nele@Example.org", Role.VIEWER, name=" Nele ")
    row = Invitation.objects.get()
    assert (row.email, row.name, row.role) == (NELE, "Nele", "viewer")
    assert row.expires_at - row.created_at == timedelta(days=7)
    assert not User.objects.filter(email=NELE).exists()
    assert not halden.has(NELE)
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("member:invite", "done")
    assert event.organization_id == halden.organization.organization_id
    assert (event.actor_label, event.changes[0]["after"]) == (
        halden.ana.email,
        "viewer",
    )
    dump = serializers.serialize("json", [row, event])
    assert asked.secret not in dump


def test_asking_does_the_same_work_whoever_is_behind_the_address(
    halden: House, other: House
) -> None:
    User.objects.create_user("never@example.org", None)
    halden.invite("first@example.org")  # the audit begins
    counts = set()
    for email in (other.ana.email, "never@example.org", NELE):
        with CaptureQueriesContext(connection) as queries:
            asked = halden.invite(email)
        assert str(asked.invitation) == "N"
        counts.add(len(queries))
    assert len(counts) == 1
    assert not halden.has(other.ana.email)


def test_a_member_is_not_asked_again(halden: House) -> None:
    with pytest.raises(Conflict, match="Ana is already a member") as caught:
        halden.invite(halden.ana.email.upper())
    assert caught.value.details["field"] == "email"
    assert not Invitation.objects.exists()


def test_asking_again_replaces_the_link_the_name_and_the_role(halden: House) -> None:
    first = halden.invite(role=Role.ADMIN)
    second = halden.invite(role=Role.VIEWER, name="Nele Vries")
    with pytest.raises(NotFound):
        acceptance.open_invitation(first.secret)
    found = acceptance.open_invitation(second.secret)
    assert (found.role, found.name) == ("viewer", "Nele Vries")
    third = invitations.renew(halden.actor, found, halden.ana)
    with pytest.raises(NotFound):
        acceptance.open_invitation(second.secret)
    assert acceptance.open_invitation(third.secret).role == "viewer"
    assert Invitation.objects.count() == 1


def test_there_is_an_end_to_open_invitations(halden: House, other: House) -> None:
    end = timezone.now() + timedelta(days=1)
    Invitation.objects.bulk_create(
        Invitation(
            organization=halden.organization,
            email=f"n{number}@example.org",
            role="viewer",
            digest=str(number),
            expires_at=end,
        )
        for number in range(invitations.MAX_OPEN)
    )
    with pytest.raises(Conflict, match="100 invitations are open"):
        halden.invite()
    halden.invite("n1@example.org")  # in place of the one before
    other.invite()


@pytest.mark.parametrize("name", ["N\u202eele", "N\u200bele", "N\x07", "N\u2028e"])
def test_a_name_that_hides_or_turns_its_text_is_refused(
    halden: House, name: str
) -> None:
    with pytest.raises(Invalid, match="control or invisible") as caught:
        halden.invite(name=name)
    assert "name" in caught.value.errors
    assert not Invitation.objects.exists()


def test_a_foreign_invitation_is_not_there(halden: House, other: House) -> None:
    foreign = other.invite().invitation
    for invitation_id in (foreign.pk, 999_999):
        with pytest.raises(NotFound) as caught:
            invitations.find(halden.organization, invitation_id)
        assert caught.value.message == "There is no such invitation."


def test_a_name_is_measured_as_it_is_stored(halden: House) -> None:
    with pytest.raises(Invalid, match="at most 100 characters; it has 120"):
        halden.invite(name="\u0958" * 60)


# Joining -------------------------------------------------------------------------------


def test_who_has_no_account_gets_one_with_the_membership(halden: House) -> None:
    asked = halden.invite(role=Role.VIEWER, name="Nele Vries")
    assert acceptance.is_open_account(asked.invitation)
    made = acceptance.join_with_new_account(asked.secret, PASSWORD)
    assert (made.user.email, made.user.name, made.role) == (
        NELE,
        "Nele Vries",
        "viewer",
    )
    assert made.user.check_password(PASSWORD)
    assert not Invitation.objects.exists()
    assert actions() == ["member:invite", "member:join"]
    assert AuditEvent.objects.get(action="member:join").actor_label == NELE
    with pytest.raises(NotFound):
        acceptance.join_with_new_account(asked.secret, "another-long-password")


def test_who_has_an_account_joins_with_it_and_keeps_its_name(
    halden: House, other: House
) -> None:
    asked = halden.invite(other.ana.email, name="Somebody")
    assert not acceptance.is_open_account(asked.invitation)
    made = acceptance.join(asked.secret, other.ana)
    other.ana.refresh_from_db()
    assert (made.role, other.ana.name) == ("member", "Ana")
    assert other.ana.check_password(PASSWORD)
    with pytest.raises(NotFound):
        acceptance.join(asked.secret, other.ana)


def test_a_link_sets_no_password_that_is_set(halden: House, other: House) -> None:
    asked = halden.invite(other.ana.email)
    with pytest.raises(Conflict, match="has an account"):
        acceptance.join_with_new_account(asked.secret, "another-long-password")
    other.ana.refresh_from_db()
    assert other.ana.check_password(PASSWORD)
    assert not halden.has(other.ana.email)
    acceptance.open_invitation(asked.secret)  # it was not used up


@pytest.mark.parametrize("whose", ["nobody's", "a member's", "staff's", "switched off"])
def test_a_password_that_was_never_set_is_set_only_where_nothing_hangs_on_it(
    halden: House, other: House, whose: str
) -> None:
    user = User.objects.create_user(NELE, None)
    if whose == "a member's":
        Membership.objects.create(
            user=user, organization=other.organization, role="admin"
        )
    elif whose == "staff's":
        User.objects.update(platform_role="platform_admin")
    elif whose == "switched off":
        User.objects.filter(pk=user.pk).update(is_active=False)
    asked = halden.invite()
    if whose == "nobody's":
        acceptance.join_with_new_account(asked.secret, PASSWORD)
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        assert halden.has(NELE)
        return
    assert not acceptance.is_open_account(asked.invitation)
    with pytest.raises(Conflict):
        acceptance.join_with_new_account(asked.secret, PASSWORD)
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert not halden.has(NELE)


def test_nobody_joins_as_another_nor_as_the_platforms_people(
    halden: House, other: House
) -> None:
    asked = halden.invite()
    with pytest.raises(Conflict, match=NELE):
        acceptance.join(asked.secret, other.ana)
    User.objects.filter(pk=other.ana.pk).update(platform_role="support")
    staff = User.objects.get(pk=other.ana.pk)
    asked = halden.invite(staff.email)
    with pytest.raises(Forbidden):
        acceptance.join(asked.secret, staff)
    assert not halden.has(staff.email)
    assert Invitation.objects.count() == 2


@pytest.mark.parametrize("end", ["withdrawn", "expired", "inviter gone", "demoted"])
def test_a_link_that_came_to_its_end_opens_nothing(halden: House, end: str) -> None:
    bo = User.objects.create_user("bo@example.org", PASSWORD)
    admin = Membership.objects.create(
        user=bo, organization=halden.organization, role="admin"
    )
    asked = invitations.invite(
        actor_of_user(bo, None),
        halden.organization,
        bo,
        email=NELE,
        name="",
        role=Role.ADMIN,
    )
    match end:
        case "withdrawn":
            assert invitations.withdraw(halden.actor, [asked.invitation]) == 1
            assert invitations.withdraw(halden.actor, [asked.invitation]) == 0
            assert actions().count("member:withdraw") == 1
        case "expired":
            Invitation.objects.update(expires_at=timezone.now())
        case "inviter gone":
            assert members.remove(halden.actor, admin).invitations == 1
        case "demoted":
            members.change_role(halden.actor, admin, Role.MEMBER)
    for act in (
        lambda: acceptance.open_invitation(asked.secret),
        lambda: acceptance.join_with_new_account(asked.secret, PASSWORD),
    ):
        with pytest.raises(NotFound, match="no longer works"):
            act()
    assert not User.objects.filter(email=NELE).exists()


def test_who_is_removed_has_no_invitation_left(halden: House) -> None:
    asked = halden.invite()
    user = User.objects.create_user(NELE, PASSWORD)
    member = Membership.objects.create(
        user=user, organization=halden.organization, role="viewer"
    )
    members.remove(halden.actor, member)
    with pytest.raises(NotFound):
        acceptance.join(asked.secret, user)


def test_a_member_by_other_ways_keeps_the_role(halden: House) -> None:
    asked = halden.invite(role=Role.ADMIN)
    user = User.objects.create_user(NELE, PASSWORD)
    Membership.objects.create(
        user=user, organization=halden.organization, role="viewer"
    )
    assert acceptance.join(asked.secret, user).role == "viewer"
    assert not Invitation.objects.exists()


# Two at the same moment ----------------------------------------------------------------


@pytest.mark.parametrize("has_account", [True, False])
def test_two_openings_make_one_membership(own_rows, has_account: bool) -> None:
    for turn in range(6):
        house, email = House(f"Race {turn}"), f"r{turn}@example.org"
        secret = house.invite(email).secret
        acts: list[Callable[[], object]]
        if has_account:
            user = User.objects.create_user(email, PASSWORD)
            acts = [partial(acceptance.join, secret, user)] * 2
        else:
            acts = [
                partial(
                    acceptance.join_with_new_account, secret, f"{PASSWORD}-{number}"
                )
                for number in range(2)
            ]
        assert at_once(*acts) == ["", "NotFound"]
        assert house.organization.memberships.filter(user__email=email).count() == 1
        joined = AuditEvent.objects.filter(
            action="member:join", organization_id=house.organization.pk
        )
        assert joined.count() == 1


def test_joining_or_withdrawing_wins_and_never_both(own_rows) -> None:
    for turn in range(6):
        house, email = House(f"Race {turn}"), f"r{turn}@example.org"
        asked = house.invite(email)
        results = at_once(
            partial(acceptance.join_with_new_account, asked.secret, PASSWORD),
            partial(invitations.withdraw, house.actor, [asked.invitation]),
        )
        withdrawn = AuditEvent.objects.filter(
            action="member:withdraw", organization_id=house.organization.pk
        ).exists()
        assert results == ["", "NotFound" if withdrawn else ""]
        assert house.has(email) is not withdrawn
        assert User.objects.filter(email=email).exists() is not withdrawn


def test_two_who_ask_the_same_leave_one_link(own_rows) -> None:
    house, asked = House("Race"), []
    acts = [lambda: asked.append(house.invite())] * 2
    assert at_once(*acts) == ["", ""]
    assert Invitation.objects.count() == 1
    assert sum(_opens(one.secret) for one in asked) == 1


def _opens(secret: str) -> bool:
    try:
        acceptance.open_invitation(secret)
    except NotFound:
        return False
    return True
