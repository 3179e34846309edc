"""Organizations: who belongs, which one a person is looking at, making a new one."""

from django.db import transaction

from nsadmin.access.actor import Actor
from nsadmin.access.models import Membership, Organization, User
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


def choices(user: User) -> list[Organization]:
    """Return the organizations that the switcher offers: own ones, for staff all."""
    if user.platform_role:
        return list(Organization.objects.all())
    return [m.organization for m in user.memberships.select_related("organization")]


def shown(actor: Actor, chosen: str | None) -> Organization | None:
    """Return the organization whose pages the actor looks at.

    Staff may look at any; everybody else only at the one they act for.
    """
    wanted = chosen if actor.is_staff and chosen else actor.organization_id
    return (
        Organization.objects.filter(organization_id=wanted).first()
        or Organization.objects.filter(organization_id=actor.organization_id).first()
    )


@transaction.atomic
def create_organization(
    name: str, *, plan: str, admin_email: str, password: str | None
) -> tuple[Organization, User]:
    """Make an organization with its first admin; raise Invalid if the name is taken."""
    if Organization.objects.filter(name__iexact=name).exists():
        raise Invalid(f"An organization named {name} exists already.")
    organization = Organization.objects.create(name=name, plan=plan)
    user = User.objects.filter(email=admin_email.lower()).first()
    if user is None:
        user = User.objects.create_user(admin_email, password)
    Membership.objects.create(
        user=user, organization=organization, role=Role.ADMIN.value
    )
    return organization, user
