"""For which organization somebody acts, and which one they look at."""

import pytest

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization.organizations import (
    LISTED,
    AccountScope,
    actor_of_user,
    scope_of_user,
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


def scope_of(user: User, chosen: str | None = None) -> AccountScope:
    found = scope_of_user(user, chosen)
    assert found is not None
    return found


def displayed(user: User, chosen: Organization) -> Organization | None:
    key = chosen.organization_id
    return scope_of(user, key).displayed(key)


def test_a_member_acts_for_the_chosen_organization(halden, northlight) -> None:
    user = user_in(halden, northlight)
    actor = actor_of_user(user, northlight.organization_id)
    assert actor.organization_id == northlight.organization_id
    assert actor.role is Role.MEMBER
    assert scope_of(user).offered == (halden, northlight)
    assert displayed(user, northlight) == northlight


def test_a_choice_of_a_foreign_organization_is_not_believed(halden, northlight) -> None:
    user = user_in(halden)
    actor = actor_of_user(user, northlight.organization_id)
    assert actor.organization_id == halden.organization_id
    assert displayed(user, northlight) == halden
    assert scope_of(user).offered == (halden,)
    assert not scope_of(user).has_more


def test_only_a_few_of_many_organizations_are_read(halden) -> None:
    user = user_in(halden)
    for number in range(LISTED):
        more = Organization.objects.create(name=f"Another {number}")
        Membership.objects.create(user=user, organization=more, role="member")
    found = scope_of(user, halden.organization_id)
    assert found.actor.organization_id == halden.organization_id
    assert len(found.offered) == LISTED
    assert halden in found.offered
    assert found.has_more


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
    assert displayed(user, halden) == operator
    assert scope_of(user).offered == (operator,)

    sessions.ask(user, before, halden.organization_id, reason="A test.", minutes=15)
    during = actor_of_user(user, halden.organization_id)
    assert during.organization_id == operator.organization_id
    assert displayed(user, halden) == halden
    assert displayed(user, northlight) == operator
    assert scope_of(user).displayed("org_unknown") == operator
    assert scope_of(user).offered == (halden, operator)
