"""Members of an organization: changing their roles and removing them.

The last admin cannot be removed. Each change locks the organization's row, so that two
admins who remove each other at the same moment are handled one after the other.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.mails import members as mails
from nsadmin.access.models import Invitation, Membership, Organization
from nsadmin.access.organization import invitations
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class RemovalResult:
    """Counts of a removal: keys revoked and invitations withdrawn with the member."""

    keys: int
    invitations: int


def find(organization: Organization, member_id: int) -> Membership:
    """Return a membership of the organization, or raise NotFound."""
    membership = (
        organization.memberships.select_related("user", "organization")
        .filter(pk=member_id)
        .first()
    )
    if membership is None:
        raise NotFound("There is no such member.", details={"resource": "member"})
    return membership


@transaction.atomic
def change_role(actor: Actor, membership: Membership, role: Role) -> bool:
    """Give a member another role; return False if they have it already.

    Their sessions end, so that no page of the old role stays in use. The invitations
    of a member who is no longer admin are withdrawn. Raises Conflict for the last admin
    and for platform staff.
    """
    lock_row(membership.organization)
    now = find(membership.organization, membership.pk)
    if now.role == role:
        return False
    _require_no_platform_role(now)
    _require_other_admin(now)
    before, now.role = now.role, role.value
    now.save(update_fields=["role"])
    summary = f"Change {now.user.email} from {before} to {role}."
    record_event(actor, now, "member:role", summary, before=before, after=role.value)
    now.user.end_sessions()
    mails.notify_role(actor, now, before)
    if role is not Role.ADMIN:
        invitations.withdraw(actor, related_invitations(now))
    return True


@transaction.atomic
def remove(actor: Actor, membership: Membership) -> RemovalResult:
    """Remove a member, revoke their keys and withdraw their invitations.

    It takes effect with the next request, since permissions are looked up on each one.
    Invitations that they sent are withdrawn because they may have kept a link for
    themselves. Raises Conflict for the last admin and for platform staff.
    """
    lock_row(membership.organization)
    now = find(membership.organization, membership.pk)
    _require_no_platform_role(now)
    _require_other_admin(now)
    keys = now.organization.api_keys.filter(creator=now.user, revoked_at=None)
    count = keys.update(revoked_at=timezone.now())
    and_keys = f" and revoke {count} of their keys" if count else ""
    summary = f"Remove {now.user.email}{and_keys}."
    record_event(actor, now, "member:remove", summary, before=now.role)
    withdrawn = invitations.withdraw(actor, related_invitations(now))
    mails.notify_removed(actor, now)
    now.delete()
    return RemovalResult(count, withdrawn)


def related_invitations(membership: Membership) -> QuerySet[Invitation]:
    """Return the open invitations that a member sent, or that are addressed to them."""
    user, rows = membership.user, membership.organization.invitations
    return rows.select_related("organization").filter(
        Q(inviter=user) | Q(email=user.email)
    )


def _require_no_platform_role(membership: Membership) -> None:
    """Raise Conflict for platform staff: losing the membership would not limit them."""
    if membership.organization.is_operator and membership.user.platform_role:
        raise Conflict(
            f"{membership.user} works for the platform. Platform roles cannot be "
            "changed here.",
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
            "Make another member admin first.",
            code="last_admin",
        )
