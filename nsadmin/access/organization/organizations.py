"""Organizations: who belongs, which one a person is looking at, making a new one."""

import getpass

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import NAME_MAX, Membership, Organization, User
from nsadmin.access.permissions import Role
from nsadmin.errors import Invalid


def actor_of_user(user: User, chosen: str | None) -> Actor | None:
    """Return the actor for a signed-in user, or None if they belong nowhere.

    `chosen` is the organization id from the switcher. It is only believed if the user
    is a member of it. Staff always act for the operator organization.
    """
    memberships = list(user.memberships.select_related("organization"))
    if user.platform_role:
        home = next(
            (m.organization for m in memberships if m.organization.is_operator),
            Organization.objects.filter(is_operator=True).first(),
        )
        role = Role(user.platform_role)
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
    )


def acting_for(organization: Organization, command: str) -> Actor:
    """Return a command, acting as an admin of the organization for who runs it."""
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


def choices(user: User) -> list[Organization]:
    """Return the organizations that the switcher offers: own ones, for staff all."""
    if user.platform_role:
        return list(Organization.objects.all())
    return [m.organization for m in user.memberships.select_related("organization")]


def owner_of(internal_id: str) -> Organization | None:
    """Return the organization that owns what carries this internal id."""
    return Organization.objects.filter(internal_id=internal_id).first()


def displayed_organization(actor: Actor, chosen: str | None) -> Organization | None:
    """Return the organization whose pages the actor looks at.

    Staff may look at any; everybody else only at the one they act for.
    """
    wanted = chosen if actor.is_staff and chosen else actor.organization_id
    return (
        Organization.objects.filter(organization_id=wanted).first()
        or Organization.objects.filter(organization_id=actor.organization_id).first()
    )


def lock_row(organization: Organization) -> None:
    """Lock the row until the transaction ends; SQLite has locked at its beginning."""
    Organization.objects.select_for_update().get(pk=organization.pk)


def create_organization(name: str, *, plan: str) -> Organization:
    """Make an organization without anybody; raise Invalid for a name that is no use."""
    name = names.clean(name, at="name", longest=NAME_MAX)
    if not name:
        raise Invalid("The name must have 1 to 100 characters.")
    if Organization.objects.filter(name__iexact=name).exists():
        raise Invalid(f"An organization named {name} exists already.")
    return Organization.objects.create(name=name, plan=plan)


def make_first_admin(organization: Organization, email: str, password: str) -> User:
    """Make an account and its membership; only for an address that has no account."""
    user = User.objects.create_user(email, password)
    Membership.objects.create(
        user=user, organization=organization, role=Role.ADMIN.value
    )
    return user
