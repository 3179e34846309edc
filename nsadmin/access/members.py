"""Members of an organization: adding, changing roles, removing; one admin stays.

Every change holds the organization's row, so that two admins who remove each other at
the same moment are served one after the other.
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.permissions import Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, Missing


@dataclass(frozen=True, slots=True)
class Added:
    """A new member; `needs_link` if the account was made for them just now."""

    membership: Membership
    needs_link: bool


def find(organization: Organization, member_id: int) -> Membership:
    """Return a membership of the organization, or raise Missing."""
    found = (
        organization.memberships.select_related("user", "organization")
        .filter(pk=member_id)
        .first()
    )
    if found is None:
        raise Missing("There is no such member.", details={"resource": "member"})
    return found


@transaction.atomic
def add(
    actor: Actor, organization: Organization, *, email: str, name: str, role: Role
) -> Added:
    """Make somebody a member, with a new account if the address has none.

    Raises Conflict for one who is a member already. An account whose password was
    never set gets its open links closed: they belong to another organization's admin.
    """
    _hold(organization)
    address = User.objects.normalize_email(email).lower()
    user = User.objects.filter(email=address).first()
    if user and organization.memberships.filter(user=user).exists():
        raise Conflict(f"{user} is a member already.", details={"field": "email"})
    is_new = user is None
    if user is None:
        user = User.objects.create_user(address, None, name=name)
    elif not user.has_usable_password():
        close_links(user)
    made = Membership.objects.create(
        user=user, organization=organization, role=role.value
    )
    summary = f"Add {user.email} as {role}."
    _note(actor, made, "member:add", summary, {"before": None, "after": role.value})
    return Added(made, is_new)


@transaction.atomic
def change_role(actor: Actor, membership: Membership, role: Role) -> bool:
    """Give a member another role; False if they have it. Raises Conflict."""
    _hold(membership.organization)
    now = find(membership.organization, membership.pk)
    if now.role == role:
        return False
    _require_ours(now)
    _require_other_admin(now)
    before, now.role = now.role, role.value
    now.save(update_fields=["role"])
    summary = f"Change {now.user.email} from {before} to {role}."
    _note(actor, now, "member:role", summary, {"before": before, "after": role.value})
    return True


@transaction.atomic
def remove(actor: Actor, membership: Membership) -> int:
    """End a membership and revoke the keys they made; return how many. Raises Conflict.

    Nothing of theirs works from the next request on: who may is looked up every time.
    """
    _hold(membership.organization)
    now = find(membership.organization, membership.pk)
    _require_ours(now)
    _require_other_admin(now)
    keys = now.organization.api_keys.filter(creator=now.user, revoked_at=None)
    count = keys.update(revoked_at=timezone.now())
    and_keys = f" and revoke {count} of their keys" if count else ""
    summary = f"Remove {now.user.email}{and_keys}."
    _note(actor, now, "member:remove", summary, {"before": now.role, "after": None})
    now.delete()
    return count


def may_get_link(membership: Membership) -> bool:
    """Tell whether an admin may hand out a link to set the member's password.

    Only while it was never set and they belong nowhere else: the link opens all.
    """
    user = membership.user
    return not user.has_usable_password() and user.memberships.count() == 1


def close_links(user: User) -> None:
    """Make every link to set the password useless; they hang on the stored value."""
    user.set_unusable_password()
    user.save(update_fields=["password"])


def _hold(organization: Organization) -> None:
    """Lock the row until the transaction ends; SQLite has locked at its beginning."""
    Organization.objects.select_for_update().get(pk=organization.pk)


def _require_ours(membership: Membership) -> None:
    """A platform role is wider than a membership, which would not take it away."""
    if membership.organization.is_operator and membership.user.platform_role:
        raise Conflict(
            f"{membership.user} works for the platform. Platform roles are not given "
            "or taken here.",
            code="platform_role",
        )


def _require_other_admin(membership: Membership) -> None:
    if membership.role != Role.ADMIN:
        return
    others = membership.organization.memberships.filter(
        role=Role.ADMIN, user__is_active=True
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise Conflict(
            f"{membership.user} is the last admin of {membership.organization}. "
            "Make somebody else admin first.",
            code="last_admin",
        )


def _note(
    actor: Actor,
    membership: Membership,
    action: str,
    summary: str,
    roles: dict[str, str | None],
) -> None:
    field = f"member {membership.user.email}"
    record.record(
        action=action,
        summary=summary,
        actor=(actor.kind, actor.id, actor.label),
        organization_id=membership.organization_id,
        changes=[{"field": field, "sentence": summary, **roles}],
    )
