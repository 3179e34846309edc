"""Lists of an organization's members and invitations, and names of people."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.models import (
    DeactivatedMember,
    Invitation,
    Membership,
    Organization,
    User,
)
from nsadmin.access.permissions import TABLE, Action, Role

# Databases bound the number of values in one query.
_MAX_IDS = 900
_MAX_CONTACTS = 6


def members(organization: Organization) -> QuerySet[Membership]:
    """Return the memberships by e-mail address, each with its user."""
    return organization.memberships.select_related("user").order_by("user__email")


def deactivated(organization: Organization) -> QuerySet[DeactivatedMember]:
    """Return the deactivated members by e-mail address, each with their user."""
    rows = organization.deactivated_members.select_related("user")
    rows = rows.exclude(user__in=organization.memberships.order_by().values("user"))
    return rows.order_by("user__email")


def deactivated_in(user: User) -> list[str]:
    """Return the names of the organizations in which a person is deactivated."""
    left = user.deactivated_memberships.order_by("organization__name")
    return list(left.values_list("organization__name", flat=True))


def invitations(organization: Organization) -> QuerySet[Invitation]:
    """Return the open invitations, each with the user who sent it."""
    return organization.invitations.select_related("inviter")


def unrevoked_key_count(organization: Organization, user: User) -> int:
    """Return the number of unrevoked keys that belong to a person."""
    return organization.api_keys.filter(creator=user, revoked_at=None).count()


def issued_key_count(organization: Organization, user: User) -> int:
    """Return the number of valid service accounts' keys whose secret a person saw."""
    keys = organization.api_keys.filter(issuer=user, revoked_at=None)
    return keys.exclude(expires_at__lte=timezone.now()).count()


def admins(organization: Organization) -> list[str]:
    """Return the names of up to six active admins."""
    return _contacts(organization.organization_id, [Role.ADMIN])


def contacts_for(
    organization_id: str, action: Action | None, *, besides: str = ""
) -> list[str]:
    """Return the names of up to six active members whose role allows the action.

    For staff the role on the platform counts as well. `besides` is the id of a user who
    is left out.
    """
    roles = [role for role in Role if action in TABLE[role]]
    return _contacts(organization_id, roles, besides)


def _contacts(
    organization_id: str, roles: Iterable[Role], besides: str = ""
) -> list[str]:
    chosen = [role.value for role in roles]
    has_role = Q(role__in=chosen) | Q(user__platform_role__in=chosen)
    rows = Membership.objects.filter(
        has_role, organization_id=organization_id, user__is_active=True
    ).select_related("user")
    if besides.isdigit():
        rows = rows.exclude(user_id=int(besides))
    return [str(row.user) for row in rows[:_MAX_CONTACTS]]


def names_by_email(organization: Organization | None) -> dict[str, str]:
    """Return {e-mail address: name} of the members and of the platform's staff."""
    members = Q(memberships__organization=organization)
    people = User.objects.filter(members | ~Q(platform_role="")).exclude(name="")
    return dict(people.values_list("email", "name"))


def names_by_id(user_ids: Iterable[str]) -> dict[str, str]:
    """Return {user id: name}; users without a name and other ids are left out."""
    numbers = [int(user_id) for user_id in user_ids if user_id.isdigit()]
    people = User.objects.filter(pk__in=numbers[:_MAX_IDS]).exclude(name="")
    return {str(pk): name for pk, name in people.values_list("pk", "name")}


def by_internal_id(internal_ids: Iterable[str]) -> dict[str, Organization]:
    """Return {internal id: organization} of those that exist; ids of one page."""
    wanted = list(internal_ids)[:_MAX_IDS]
    return Organization.objects.in_bulk(wanted, field_name="internal_id")
