"""For which organization somebody acts, and which one they look at."""

import pytest

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization.organizations import (
    actor_of_user,
    displayed_organization,
    selectable_organizations,
)
from nsadmin.access.permissions import Role
from nsadmin.access.support import sessions

pytestmark = pytest.mark.django_db


@pytest.fixture
def halden() -> Organization:
    return Organization.objects.create(name="Halden")


@pytest.fixture
def northlight() -> Organization:
    return Organization.objects.create(name="Northlight")


@pytest.fixture
def operator() -> Organization:
    return Organization.objects.create(name="Operations", is_operator=True)


def user_in(*organizations: Organization, role: str = "member", **extra: str) -> User:
    user = User.objects.create_user(
        f"u{User.objects.count()}@example.org", None, **extra
    )
    for organization in organizations:
        Membership.objects.create(user=user, organization=organization, role=role)
    return user


def test_a_member_acts_for_the_chosen_organization(halden, northlight) -> None:
    user = user_in(halden, northlight)
    actor = actor_of_user(user, northlight.organization_id)
    assert actor.organization_id == northlight.organization_id
    assert actor.role is Role.MEMBER
    assert {o.name for o in selectable_organizations(user)} == {"Halden", "Northlight"}


def test_a_choice_of_a_foreign_organization_is_not_believed(halden, northlight) -> None:
    user = user_in(halden)
    actor = actor_of_user(user, northlight.organization_id)
    assert actor.organization_id == halden.organization_id
    assert displayed_organization(actor, northlight.organization_id) == halden
    assert selectable_organizations(user) == [halden]


def test_who_belongs_nowhere_is_nobody(halden) -> None:
    assert actor_of_user(user_in(), None) is None


@pytest.mark.parametrize("role", ["support", "platform_admin"])
def test_staff_act_for_the_operator_and_look_where_they_have_a_session(
    halden, northlight, operator, role: str
) -> None:
    user = user_in(operator, platform_role=role)
    before = actor_of_user(user, halden.organization_id)
    assert before.role.value == role
    assert before.organization_id == operator.organization_id
    assert displayed_organization(before, halden.organization_id) == operator
    assert selectable_organizations(user) == [operator]

    sessions.ask(user, before, halden.organization_id, reason="A test.", minutes=15)
    during = actor_of_user(user, halden.organization_id)
    assert during.organization_id == operator.organization_id
    assert displayed_organization(during, halden.organization_id) == halden
    assert displayed_organization(during, northlight.organization_id) == operator
    assert displayed_organization(during, "org_unknown") == operator
    assert selectable_organizations(user) == [halden, operator]
