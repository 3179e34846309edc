"""Organizations: their actors, the one that is displayed, creating a new one."""

import getpass

from django.db.models import Q

from nsadmin import names
from nsadmin.access.actor import Actor, Grant
from nsadmin.access.models import NAME_MAX, Membership, Organization, User
from nsadmin.access.organization import suspension
from nsadmin.access.permissions import Role
from nsadmin.access.support import grants
from nsadmin.errors import Invalid


def actor_of_user(user: User, chosen: str | None) -> Actor | None:
    """Return the actor for a signed-in user, or None if they have no organization.

    `chosen` is the organization id from the switcher; it is ignored unless the user is
    a member of it. Staff always act for the operator organization.
    """
    memberships = list(user.memberships.select_related("organization"))
    granted: tuple[Grant, ...] = ()
    if user.platform_role:
        home = next(
            (m.organization for m in memberships if m.organization.is_operator),
            Organization.objects.filter(is_operator=True).first(),
        )
        role, granted = Role(user.platform_role), grants.grants_of(user)
    else:
        own = next(
            (m for m in memberships if m.organization_id == chosen),
            memberships[0] if memberships else None,
        )
        home = own.organization if own else None
        role = Role(own.role) if own else Role.VIEWER
    if home is None:
        return None
    return Actor(
        kind="user",
        id=str(user.pk),
        label=user.email,
        role=role,
        organization_id=home.organization_id,
        internal_id=home.internal_id,
        organization_name=home.name,
        plan=home.plan,
        suspension=suspension.reason_of(home),
        grants=granted,
    )


def command_actor(organization: Organization, command: str) -> Actor:
    """Return the actor of a management command: an admin of the organization.

    Its label names the operating system's user who runs the command.
    """
    return Actor(
        kind="command",
        id=command,
        label=f"{command}, run by {getpass.getuser()}",
        role=Role.PLATFORM_ADMIN if organization.is_operator else Role.ADMIN,
        organization_id=organization.organization_id,
        internal_id=organization.internal_id,
        organization_name=organization.name,
        plan=organization.plan,
    )


def selectable_organizations(user: User) -> list[Organization]:
    """Return the organizations of the switcher.

    Staff have the operator's and those of their running support sessions, other users
    their own.
    """
    if user.platform_role:
        granted = grants.running().filter(user=user).values("organization_id")
        shown = Q(is_operator=True) | Q(pk__in=granted)
        return list(Organization.objects.filter(shown))
    return [m.organization for m in user.memberships.select_related("organization")]


def owner_of(internal_id: str) -> Organization | None:
    """Return the organization with this internal id, or None."""
    return Organization.objects.filter(internal_id=internal_id).first()


def displayed_organization(actor: Actor, chosen: str | None) -> Organization | None:
    """Return the organization whose pages the actor sees.

    Staff may choose one of their running support sessions; other actors see only the
    organization that they act for.
    """
    offered = {actor.organization_id, *(g.organization_id for g in actor.grants)}
    displayed = chosen if actor.is_staff and chosen in offered else None
    own = actor.organization_id
    return Organization.objects.filter(organization_id=displayed or own).first()


def lock_row(organization: Organization) -> None:
    """Lock the row until the transaction ends.

    SQLite ignores it: there a transaction locks the whole database when it begins.
    """
    Organization.objects.select_for_update().get(pk=organization.pk)


def create_organization(name: str, *, plan: str) -> Organization:
    """Create an organization without members; raise Invalid for a bad or taken name."""
    name = names.clean(name, at="name", longest=NAME_MAX)
    if not name:
        raise Invalid("The name must have 1 to 100 characters.")
    if Organization.objects.filter(name__iexact=name).exists():
        raise Invalid(f"There is already an organization named {name}.")
    return Organization.objects.create(name=name, plan=plan)


def make_first_admin(organization: Organization, email: str, password: str) -> User:
    """Create the account of a new address and make it admin of the organization."""
    user = User.objects.create_user(email, password)
    Membership.objects.create(
        user=user, organization=organization, role=Role.ADMIN.value
    )
    return user
