"""Invitations: an address is asked to join an organization; nobody is made a member.

Who asks gets a link to pass on and learns nothing of an account behind the address:
whether there is one is not looked up. Of the link's secret a keyed hash is stored.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import NAME_MAX, Invitation, Organization, User
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.keys import digest
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, NotFound

LASTS = timedelta(days=7)
MOST = 100


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation with its link's secret, which is never seen again."""

    invitation: Invitation
    secret: str


def new_invitation_id() -> str:
    """Return an id for asking somebody, under which it happens once."""
    return record.new_op_id()


def find(organization: Organization, invitation_id: int) -> Invitation:
    """Return an invitation of the organization, or raise NotFound."""
    rows = organization.invitations.select_related("organization")
    found = rows.filter(pk=invitation_id).first()
    if found is None:
        raise NotFound("There is no such invitation.", details={"resource": "member"})
    return found


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
) -> Invited:
    """Ask an address to join; asking again replaces the link before, role and name.

    `inviter` is the actor's account, None for a command; `act_id` names the act, which
    happens once: a repeated form must not close the link that it was shown. Raises
    Conflict for an act that has happened, for who is a member already and where too
    many invitations are open, Invalid for a bad name or address.
    """
    lock_row(organization)
    if act_id and record.is_known(act_id):
        raise Conflict(
            "This form has made its invitation already. Its link is shown only once; "
            "if it was lost, make a new one among the members."
        )
    address = names.clean(email, at="email", what="address").lower()
    member = organization.memberships.filter(user__email=address).first()
    if member is not None:
        raise Conflict(
            f"{member.user} is a member already.", details={"field": "email"}
        )
    others = organization.invitations.exclude(email=address)
    if others.count() >= MOST:
        raise Conflict(f"{MOST} invitations are open. Withdraw some of them first.")
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    row, _ = Invitation.objects.update_or_create(
        organization=organization,
        email=address,
        defaults={
            "name": names.clean(name, at="name", longest=NAME_MAX),
            "role": role.value,
            "digest": digest(secret),
            "inviter": inviter,
            "created_at": now,
            "expires_at": now + LASTS,
        },
    )
    summary = f"Invite {address} as {role}."
    record_event(actor, row, "member:invite", summary, after=role.value, op_id=act_id)
    return Invited(row, secret)


def renew(actor: Actor, invitation: Invitation, inviter: User) -> Invited:
    """Ask the same again: a new link, which closes the one before."""
    return invite(
        actor,
        invitation.organization,
        inviter,
        email=invitation.email,
        name=invitation.name,
        role=Role(invitation.role),
    )


@transaction.atomic
def withdraw(actor: Actor, invitations: Iterable[Invitation]) -> int:
    """Close the links for good; return how many were open until now."""
    count = 0
    for row in invitations:
        lock_row(row.organization)
        if not Invitation.objects.filter(pk=row.pk).delete()[0]:
            continue
        count += 1
        summary = f"Withdraw the invitation of {row.email} as {row.role}."
        record_event(actor, row, "member:withdraw", summary, before=row.role)
    return count
