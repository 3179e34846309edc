"""The people of the demo as actors."""

from nsadmin.access.actor import Actor
from nsadmin.access.models import User
from nsadmin.access.organization.organizations import scope_of_user
from nsadmin.embedded.seed.data.people import PEOPLE, OrganizationSpec


def user_of(first_name: str) -> User:
    """Return the account of a person by the first name in their address."""
    found = (p.email for p in PEOPLE if p.email.startswith(f"{first_name}@"))
    return User.objects.get(email=next(found))


def actor_of(first_name: str, organization: OrganizationSpec) -> Actor:
    """Return a person as the actor of requests to an organization."""
    scope = scope_of_user(user_of(first_name), organization.organization_id)
    if scope is None:
        raise LookupError(f"{first_name} has no organization.")
    return scope.actor
