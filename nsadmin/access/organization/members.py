"""Members of an organization: their roles, removing, deactivating, leaving.

The last admin who can sign in stays. Each change locks the organization's row, so that
two admins who remove each other at the same moment are handled one after the other.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.mails import members as mails
from nsadmin.access.models import (
    DeactivatedMember,
    Invitation,
    Membership,
    Organization,
    User,
)
from nsadmin.access.organization import invitations, last_admin
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.errors import Conflict, Forbidden, NotFound
from nsadmin.names import clip


@dataclass(frozen=True, slots=True)
class RemovalResult:
    """Counts of a removal: keys revoked and invitations withdrawn with the member.

    The keys of a deactivated member are not revoked; they rest.
    """

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


def find_own(user: User, organization_id: str) -> Membership:
    """Return the user's membership of an organization, or raise NotFound."""
    rows = user.memberships.select_related("user", "organization")
    membership = rows.filter(organization_id=organization_id[:64]).first()
    if membership is None:
        raise NotFound(
            "There is no such organization.", details={"resource": "organization"}
        )
    return membership


def require_may_end(membership: Membership) -> None:
    """Raise Conflict for the membership of the last admin, and of platform staff."""
    _require_no_platform_role(membership)
    _require_other_admin(membership)


def why_stays(membership: Membership) -> str:
    """Return why the membership can neither change nor end; empty if it can."""
    try:
        require_may_end(membership)
    except Conflict as conflict:
        return conflict.message
    return ""


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
    now = _locked(membership)
    return _end(actor, now, "member:remove", f"Remove {now.user.email}.")


@transaction.atomic
def leave(actor: Actor, membership: Membership) -> RemovalResult:
    """End one's own membership, with the same consequences as `remove`.

    Raises Forbidden for the membership of another person, Conflict for the last admin
    and for platform staff.
    """
    if actor.kind != "user" or actor.id != str(membership.user_id):
        raise Forbidden("Only the member can leave.")
    now = _locked(membership)
    return _end(actor, now, "member:leave", f"{now.user.email} leaves.")


@transaction.atomic
def deactivate(actor: Actor, membership: Membership) -> RemovalResult:
    """Take a membership away until `reactivate`; it stays listed.

    It takes effect with the next request, in open sessions as well. The keys of the
    member are refused meanwhile, and work again with the membership. Their invitations
    are withdrawn for good, for they may have kept a link for themselves. Raises
    Conflict for the last admin, for platform staff and for oneself.
    """
    if actor.kind == "user" and actor.id == str(membership.user_id):
        raise Conflict("You cannot deactivate yourself. You can leave instead.")
    now = _locked(membership)
    keys = now.organization.api_keys.filter(creator=now.user, revoked_at=None)
    count = keys.count()
    now.organization.deactivated_members.update_or_create(
        user=now.user,
        defaults={
            "role": now.role,
            "joined_at": now.created_at,
            "deactivated_at": timezone.now(),
            "deactivated_by": clip(actor.label, 254),
        },
    )
    summary = f"Deactivate {now.user.email}."
    record_event(
        actor, now, "member:deactivate", summary, before=now.role, after="deactivated"
    )
    withdrawn = invitations.withdraw(actor, related_invitations(now))
    mails.notify_deactivated(actor, now)
    now.delete()
    return RemovalResult(count, withdrawn)


def find_deactivated(organization: Organization, row_id: int) -> DeactivatedMember:
    """Return a deactivated member of the organization, or raise NotFound."""
    rows = organization.deactivated_members.select_related("user", "organization")
    found = rows.filter(pk=row_id).first()
    if found is None:
        raise NotFound("There is no such member.", details={"resource": "member"})
    return found


def why_rests(row: DeactivatedMember) -> str:
    """Return why a deactivated member cannot be reactivated; empty if they can."""
    if not row.user.platform_role:
        return ""
    return (
        f"{row.user} works for the platform now, and its people cannot be members of "
        "an organization. Once they no longer work for it, they can be reactivated."
    )


@transaction.atomic
def reactivate(actor: Actor, row: DeactivatedMember) -> Membership:
    """Give a deactivated member their membership and role again.

    Raises Forbidden in a support session of the organization: it ends, and the member
    would stay; and Conflict for a person who works for the platform meanwhile.
    """
    invitations.require_lasting(actor, row.organization)
    now = _locked_deactivated(row)
    now.user = User.objects.select_for_update().get(pk=now.user_id)
    if reason := why_rests(now):
        raise Conflict(reason, code="platform_role")
    now.delete()
    membership, is_new = Membership.objects.get_or_create(
        user=now.user,
        organization=now.organization,
        defaults={"role": now.role, "created_at": now.joined_at},
    )
    if is_new:
        summary = f"Reactivate {now.user.email} as {now.role}."
        record_event(
            actor,
            membership,
            "member:reactivate",
            summary,
            before="deactivated",
            after=now.role,
        )
    return membership


@transaction.atomic
def remove_deactivated(actor: Actor, row: DeactivatedMember) -> RemovalResult:
    """Remove a deactivated member for good and revoke their keys."""
    now = _locked_deactivated(row)
    return _end(actor, now, "member:remove", f"Remove {now.user.email}.")


def _locked(membership: Membership) -> Membership:
    """Lock the organization; return the membership as it is now, if it may end."""
    lock_row(membership.organization)
    now = find(membership.organization, membership.pk)
    require_may_end(now)
    return now


def _locked_deactivated(row: DeactivatedMember) -> DeactivatedMember:
    lock_row(row.organization)
    return find_deactivated(row.organization, row.pk)


def _end(
    actor: Actor,
    now: Membership | DeactivatedMember,
    action: str,
    summary: str,
) -> RemovalResult:
    keys = now.organization.api_keys.filter(creator=now.user, revoked_at=None)
    count = keys.update(revoked_at=timezone.now())
    revoked = f" Their API keys are revoked ({count})." if count else ""
    record_event(actor, now, action, f"{summary}{revoked}", before=now.role)
    withdrawn = invitations.withdraw(actor, related_invitations(now))
    if action != "member:leave":
        mails.notify_removed(actor, now)
    now.delete()
    return RemovalResult(count, withdrawn)


def related_invitations(
    membership: Membership | DeactivatedMember,
) -> QuerySet[Invitation]:
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
    rows = membership.organization.memberships.filter(role=Role.ADMIN)
    last_admin.require_other(
        membership.user,
        User.objects.filter(pk__in=rows.values("user")),
        said=f"{membership.user} is the last admin of {membership.organization}",
        then=" Make another member admin first.",
    )
