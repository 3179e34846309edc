"""Members of an organization: changing roles, removing; one admin stays.

Every change holds the organization's row, so that two admins who remove each other at
the same moment are served one after the other.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import Invitation, Membership, Organization
from nsadmin.access.organization import invitations
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Ended:
    """How much ended with a membership: keys revoked, invitations withdrawn."""

    keys: int
    invitations: int


def find(organization: Organization, member_id: int) -> Membership:
    """Return a membership of the organization, or raise NotFound."""
    found = (
        organization.memberships.select_related("user", "organization")
        .filter(pk=member_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such member.", details={"resource": "member"})
    return found


@transaction.atomic
def change_role(actor: Actor, membership: Membership, role: Role) -> bool:
    """Give a member another role; False if they have it. Raises Conflict.

    Who is no admin any more has no invitations out either.
    """
    lock_row(membership.organization)
    now = find(membership.organization, membership.pk)
    if now.role == role:
        return False
    _require_ours(now)
    _require_other_admin(now)
    before, now.role = now.role, role.value
    now.save(update_fields=["role"])
    summary = f"Change {now.user.email} from {before} to {role}."
    record_event(actor, now, "member:role", summary, before=before, after=role.value)
    if role is not Role.ADMIN:
        invitations.withdraw(actor, related_invitations(now))
    return True


@transaction.atomic
def remove(actor: Actor, membership: Membership) -> Ended:
    """End a membership, the keys they made and what lets them back. Raises Conflict.

    Nothing of theirs works from the next request on: who may is looked up every time.
    Invitations they asked for go too: they may have kept such a link for themselves.
    """
    lock_row(membership.organization)
    now = find(membership.organization, membership.pk)
    _require_ours(now)
    _require_other_admin(now)
    keys = now.organization.api_keys.filter(creator=now.user, revoked_at=None)
    count = keys.update(revoked_at=timezone.now())
    and_keys = f" and revoke {count} of their keys" if count else ""
    summary = f"Remove {now.user.email}{and_keys}."
    record_event(actor, now, "member:remove", summary, before=now.role)
    withdrawn = invitations.withdraw(actor, related_invitations(now))
    now.delete()
    return Ended(count, withdrawn)


def related_invitations(membership: Membership) -> QuerySet[Invitation]:
    """Return the open invitations that a member asked for, or that are for them."""
    user, rows = membership.user, membership.organization.invitations
    return rows.select_related("organization").filter(
        Q(inviter=user) | Q(email=user.email)
    )


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
