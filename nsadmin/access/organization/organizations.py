"""Organizations: their actors, the one that is displayed, creating a new one."""

import getpass
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Exists, OuterRef, When

from nsadmin import names
from nsadmin.access.actor import Actor, Grant
from nsadmin.access.models import NAME_MAX, Membership, Organization, User
from nsadmin.access.organization import suspension
from nsadmin.access.permissions import Role
from nsadmin.access.support import grants
from nsadmin.errors import Invalid

# The switcher lists this number of organizations; among more one searches.
LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class AccountScope:
    """The actor of a signed-in person, with the organizations read along.

    `offered` are those that the person may switch to, by name: at most LISTED of them,
    and always the one that the actor acts for. `has_more` tells that others exist.
    """

    actor: Actor
    offered: tuple[Organization, ...]
    has_more: bool = False

    def find(self, organization_id: str | None) -> Organization | None:
        """Return one of the organizations that were read, or None."""
        pairs = ((o.organization_id, o) for o in self.offered)
        return dict(pairs).get(organization_id or "")

    def displayed(self, chosen: str | None) -> Organization | None:
        """Return the organization whose pages are shown; staff may have chosen one."""
        own = self.find(self.actor.organization_id)
        return (self.find(chosen) or own) if self.actor.is_staff else own


def scope_of_user(user: User, chosen: str | None) -> AccountScope | None:
    """Return the scope of a signed-in user, or None if they have no organization.

    `chosen` is the organization id from the switcher; it is ignored unless the user is
    a member of it. Staff always act for the operator organization. One query, for staff
    two.
    """
    return _scope_of_staff(user) if user.platform_role else _scope_of(user, chosen)


def actor_of_user(user: User, chosen: str | None) -> Actor | None:
    """Return the actor for a signed-in user, or None if they have no organization."""
    scope = scope_of_user(user, chosen)
    return scope.actor if scope is not None else None


def _scope_of(user: User, chosen: str | None) -> AccountScope | None:
    is_chosen = Case(When(organization_id=chosen or "", then=0), default=1)
    rows = user.memberships.select_related("organization")
    ordered = rows.order_by(is_chosen, "organization__name")
    memberships = list(ordered[: LISTED + 1])
    if not memberships:
        return None
    own, shown = memberships[0], memberships[:LISTED]
    return AccountScope(
        actor=_actor(user, own.organization, Role(own.role)),
        offered=_by_name(m.organization for m in shown),
        has_more=len(memberships) > LISTED,
    )


def _scope_of_staff(user: User) -> AccountScope | None:
    is_member = Membership.objects.filter(user=user, organization=OuterRef("pk"))
    operators = Organization.objects.filter(is_operator=True)
    home = operators.alias(own=Exists(is_member)).order_by("-own", "name").first()
    if home is None:
        return None
    sessions = grants.sessions_of(user)
    actor = _actor(user, home, Role(user.platform_role), grants.grants_by(sessions))
    granted = [session.organization for session in sessions]
    return AccountScope(actor, offered=_by_name([home, *granted]), has_more=True)


def _by_name(organizations: Iterable[Organization]) -> tuple[Organization, ...]:
    each = {o.organization_id: o for o in organizations}
    return tuple(sorted(each.values(), key=lambda o: o.name_key))


def _actor(
    user: User, home: Organization, role: Role, granted: tuple[Grant, ...] = ()
) -> Actor:
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


def owner_of(internal_id: str) -> Organization | None:
    """Return the organization with this internal id, or None."""
    return Organization.objects.filter(internal_id=internal_id).first()


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
    others = Organization.objects.values_list("name", flat=True)
    if names.look_of(name) in map(names.look_of, others.iterator()):
        raise Invalid(f"There is already an organization named {name}.")
    return Organization.objects.create(name=name, plan=plan)


def make_first_admin(organization: Organization, email: str, password: str) -> User:
    """Create the account of a new address and make it admin of the organization."""
    user = User.objects.create_user(email, password)
    Membership.objects.create(
        user=user, organization=organization, role=Role.ADMIN.value
    )
    return user
