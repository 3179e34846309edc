"""Joining: what the link of an invitation opens, and for whom.

The link and the account are both needed. An account that has a password joins while
its holder is signed in; the link never sets such a password. Where there is no account,
the link makes one, which belongs to this organization and to no other.
"""

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.keys import digest
from nsadmin.access.organization.organizations import actor_of_user, lock_row
from nsadmin.errors import Conflict, Forbidden, NotFound


def open_invitation(secret: str) -> Invitation:
    """Return the invitation that the link's secret opens now, or raise NotFound.

    Used, withdrawn, replaced, expired and never made are all the same.
    """
    rows = Invitation.objects.select_related("organization")
    live = rows.filter(digest=digest(secret), expires_at__gt=timezone.now())
    found = live.first()
    if found is None:
        raise _dead()
    return found


def is_open_account(invitation: Invitation) -> bool:
    """Tell whether the link may set the password: no account, or one nobody has used.

    An account that belongs anywhere is somebody's, even if its password was never set.
    """
    user = User.objects.filter(email=invitation.email).first()
    return user is None or _is_unused(user)


def _is_unused(user: User) -> bool:
    return (
        user.is_active
        and not user.has_usable_password()
        and not user.platform_role
        and not user.memberships.exists()
    )


def new_account(invitation: Invitation) -> User:
    """Return the account that would be made, unsaved; passwords are held against it."""
    return User(email=invitation.email, name=invitation.name)


@transaction.atomic
def join(secret: str, user: User) -> Membership:
    """Make the account that is signed in a member; the invitation is used up.

    Raises NotFound where the link is dead, Conflict for another account than the one
    that was asked, Forbidden for the platform's own people, who see everything anyway.
    """
    require_customer(user)
    invitation = _used_up(secret)
    if user.email != invitation.email:
        raise Conflict(f"The link is for {invitation.email}.")
    return _joined(invitation, user)


@transaction.atomic
def join_anew(secret: str, password: str) -> Membership:
    """Make the account with its password and the membership, both or neither.

    Raises NotFound where the link is dead, Conflict where the account is in use by now.
    """
    invitation = _used_up(secret)
    made, _ = User.objects.get_or_create(
        email=invitation.email,
        defaults={"name": invitation.name, "password": make_password(None)},
    )
    user = User.objects.select_for_update().get(pk=made.pk)
    if not _is_unused(user):
        raise Conflict(f"{invitation.email} has an account. Sign in to join.")
    user.set_password(password)
    user.save(update_fields=["password"])
    return _joined(invitation, user)


def require_customer(user: User) -> None:
    """Raise Forbidden for the platform's own people."""
    if user.platform_role:
        raise Forbidden("Who works for the platform joins no organization.")


def _used_up(secret: str) -> Invitation:
    """Take the invitation away; of two openings one gets it, the other NotFound."""
    invitation = open_invitation(secret)
    lock_row(invitation.organization)
    same = Invitation.objects.filter(pk=invitation.pk, digest=invitation.digest)
    if not same.delete()[0]:
        raise _dead()
    return invitation


def _joined(invitation: Invitation, user: User) -> Membership:
    membership, is_new = Membership.objects.get_or_create(
        user=user,
        organization=invitation.organization,
        defaults={"role": invitation.role},
    )
    actor = actor_of_user(user, invitation.organization_id)
    if is_new and actor is not None:
        summary = f"{user.email} joins as {membership.role}."
        record_event(actor, membership, "member:join", summary, after=membership.role)
    return membership


def _dead() -> NotFound:
    return NotFound("The link no longer works.", details={"resource": "invitation"})
