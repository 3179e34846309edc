"""People and plans for the tests of kept plans."""

import pytest
from django.test import Client

from nsadmin.access.actor import Actor
from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan
from tests.cast import Cast
from tests.people import BACKEND, PASSWORD


@pytest.fixture
def second(cast: Cast) -> User:
    """Another admin of Northlight."""
    user = User.objects.create_user("second@northlight.example", PASSWORD, name="Ada")
    Membership.objects.create(user=user, organization=cast.northlight, role="admin")
    return user


@pytest.fixture
def second_client(second: User) -> Client:
    """A browser in which the other admin is signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(second, BACKEND)
    return client


def person(cast: Cast, role: str = "admin") -> Actor:
    """The actor of a signed-in person."""
    found = actor_of_user(cast.users[role], None)
    assert found is not None
    return found


def require_two(organization: Organization, *changes: str) -> None:
    """Let the organization require a second person for these changes."""
    Organization.objects.filter(pk=organization.pk).update(second_person=list(changes))


def described(cast: Cast, role: str = "member", text: str = "planned") -> SavedPlan:
    """A plan that sets the description."""
    patch = parse_patch({"description": text})
    return service.keep(person(cast, role), cast.own.namespace_id, patch, source="form")
