"""Accepting an invitation by its link.

An account that has a password joins while its holder is signed in; the link never
changes that password. Where the invited address has no account, the link creates one
with a new password.
"""

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from nsadmin.access.models import Invitation, Membership, User
from nsadmin.access.organization.audit import record_event
from nsadmin.access.organization.organizations import actor_of_user, lock_row
from nsadmin.errors import Conflict, Forbidden, NotFound
from nsadmin.stores import peppers


def open_invitation(secret: str) -> Invitation:
    """Return the invitation of a link's secret.

    Raises the same NotFound for a link that is used, withdrawn, replaced, expired or
    was never issued.
    """
    rows = Invitation.objects.select_related("organization")
    valid = rows.filter(
        digest__in=peppers.hashes(secret), expires_at__gt=timezone.now()
    )
    invitation = valid.first()
    if invitation is None:
        raise _link_not_found()
    return invitation


def is_open_account(invitation: Invitation) -> bool:
    """Tell whether the link may set the password: no account exists, or an unused one.

    An account with a membership or a platform role counts as used, even if its password
    was never set.
    """
    user = User.objects.filter(email=invitation.email).first()
    return user is None or _is_unused(user)


def _is_unused(user: User) -> bool:
    return (
        user.is_active
        and not user.has_usable_password()
        and not user.platform_role
        and not user.memberships.exists()
        and not user.deactivated_memberships.exists()
    )


def new_account(invitation: Invitation) -> User:
    """Return the unsaved account of the invited address, for password validation."""
    return User(email=invitation.email, name=invitation.name)


@transaction.atomic
def join(secret: str, user: User) -> Membership:
    """Make the signed-in user a member and delete the invitation.

    Raises NotFound for a link that does not work, Conflict for a user other than the
    invited one, Forbidden for platform staff, who use support sessions.
    """
    require_customer(user)
    invitation = _consume_invitation(secret)
    if user.email != invitation.email:
        raise Conflict(f"The link is for {invitation.email}.")
    return _create_membership(invitation, user)


@transaction.atomic
def join_with_new_account(secret: str, password: str) -> Membership:
    """Create the account with this password and its membership, both or neither.

    Raises NotFound for a link that does not work, Conflict where the account has been
    used in the meantime.
    """
    invitation = _consume_invitation(secret)
    account, _ = User.objects.get_or_create(
        email=invitation.email,
        defaults={"name": invitation.name, "password": make_password(None)},
    )
    user = User.objects.select_for_update().get(pk=account.pk)
    if not _is_unused(user):
        raise Conflict(f"{invitation.email} has an account. Sign in to join.")
    user.set_password(password)
    user.save(update_fields=["password"])
    return _create_membership(invitation, user)


def require_customer(user: User) -> None:
    """Raise Forbidden for a user with a platform role."""
    if user.platform_role:
        raise Forbidden("Platform staff cannot join an organization.")


def _consume_invitation(secret: str) -> Invitation:
    """Delete the invitation and return it; a second request gets NotFound."""
    invitation = open_invitation(secret)
    lock_row(invitation.organization)
    same = Invitation.objects.filter(pk=invitation.pk, digest=invitation.digest)
    if not same.delete()[0]:
        raise _link_not_found()
    return invitation


def _create_membership(invitation: Invitation, user: User) -> Membership:
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


def _link_not_found() -> NotFound:
    return NotFound("The link no longer works.", details={"resource": "invitation"})
