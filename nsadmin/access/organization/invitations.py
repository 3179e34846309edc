"""Invitations to an organization: issued, renewed and withdrawn.

The inviter gets a link to pass on; where mail is configured, the invited person gets it
too. Whether the address has an account is not looked up, so an inviter cannot find it
out. Only a keyed hash of the link's secret is stored.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.mails import members as mails
from nsadmin.access.models import NAME_MAX, Invitation, Organization, User
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, Forbidden, NotFound
from nsadmin.stores import peppers

LIFETIME = timedelta(days=7)
MAX_OPEN = 100

LinkOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A stored invitation and the secret of its link, which cannot be read again.

    `replaced_at` is when the earlier invitation of the address was made, whose link
    stopped working; None if there was none.
    """

    invitation: Invitation
    secret: str
    replaced_at: datetime | None = None


def new_invitation_id() -> str:
    """Return an id that makes one submission of the form idempotent."""
    return record.new_op_id()


def find(organization: Organization, invitation_id: int) -> Invitation:
    """Return an invitation of the organization, or raise NotFound."""
    rows = organization.invitations.select_related("organization")
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound("There is no such invitation.", details={"resource": "member"})
    return invitation


def may_invite(actor: Actor, organization: Organization) -> bool:
    """Tell whether the actor does not see the organization by a support session.

    A session ends, and a person who was invited in it would stay.
    """
    return not actor.session_for(organization.organization_id)


def require_lasting(actor: Actor, organization: Organization) -> None:
    """Raise Forbidden for staff in a support session of the organization."""
    if not may_invite(actor, organization):
        raise Forbidden(
            "Only an admin of the organization can invite people. A support session "
            "ends, but its invited members would stay."
        )


@transaction.atomic
def invite(
    actor: Actor,
    organization: Organization,
    inviter: User | None,
    *,
    email: str,
    name: str,
    role: Role,
    act_id: str = "",
    link_of: LinkOf | None = None,
) -> IssuedInvitation:
    """Invite an address; a second invitation replaces the link, role and name.

    An empty name keeps the one of the earlier invitation. `inviter` is the actor's
    account, None for a command. `act_id` makes the call idempotent: a form that is sent
    twice must not replace the link that it was shown. `link_of` makes a link of its
    secret, for the mail; without it none is sent.
    Raises Forbidden in a support session of the organization; Conflict for a repeated
    `act_id`, for an address that is a member already and where MAX_OPEN invitations
    are open; Invalid for a bad name or address.
    """
    require_lasting(actor, organization)
    lock_row(organization)
    _require_new(act_id)
    address = names.clean(email, at="email", what="address").lower()
    _require_no_member(organization, address)
    _require_room(organization, address)
    earlier = organization.invitations.filter(email=address).first()
    cleaned = names.clean(name, at="name", longest=NAME_MAX)
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    row, _ = Invitation.objects.update_or_create(
        organization=organization,
        email=address,
        defaults={
            "name": cleaned or (earlier.name if earlier else ""),
            "role": role.value,
            "digest": peppers.keyed_hash(secret),
            "inviter": inviter,
            "created_at": now,
            "expires_at": now + LIFETIME,
        },
    )
    summary = f"Invite {address} as {role}."
    record_event(actor, row, "member:invite", summary, after=role.value, op_id=act_id)
    if link_of is not None:
        mails.send_invitation(actor, row, link_of(secret))
    return IssuedInvitation(row, secret, earlier.created_at if earlier else None)


def _require_new(act_id: str) -> None:
    if act_id and record.is_known(act_id):
        raise Conflict(
            "This form was sent already and its invitation exists. The link is shown "
            "only once; if it is lost, make a new one on the members page."
        )


def _require_no_member(organization: Organization, address: str) -> None:
    member = organization.memberships.filter(user__email=address).first()
    if member is not None:
        raise Conflict(
            f"{member.user} is already a member.", details={"field": "email"}
        )
    resting = organization.deactivated_members.filter(user__email=address).first()
    if resting is not None:
        raise Conflict(
            f"{resting.user} is a deactivated member. Reactivate them instead.",
            details={"field": "email"},
        )


def _require_room(organization: Organization, address: str) -> None:
    others = organization.invitations.exclude(email=address)
    if others.count() >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} invitations are open. Withdraw some of them first.")


def renew(
    actor: Actor,
    invitation: Invitation,
    inviter: User,
    link_of: LinkOf | None = None,
) -> IssuedInvitation:
    """Issue a new link for an invitation; the previous link stops working."""
    return invite(
        actor,
        invitation.organization,
        inviter,
        email=invitation.email,
        name=invitation.name,
        role=Role(invitation.role),
        link_of=link_of,
    )


@transaction.atomic
def withdraw(actor: Actor, invitations: Iterable[Invitation]) -> int:
    """Delete the invitations; return how many of them still existed."""
    count = 0
    for row in invitations:
        lock_row(row.organization)
        if not Invitation.objects.filter(pk=row.pk).delete()[0]:
            continue
        count += 1
        summary = f"Withdraw the invitation of {row.email} as {row.role}."
        record_event(actor, row, "member:withdraw", summary, before=row.role)
    return count
