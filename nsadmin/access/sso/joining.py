"""How a person whose address is proven becomes a member at their first sign-in.

An open invitation for exactly this address is accepted: the provider proves the address
as well as the link of a mail does. Without one a user is created where the operator
lets the provider do that. An account that is there already is not made a member again:
an admin may have removed it.
"""

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from nsadmin.access.models import Invitation, Membership, Organization, User
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.access.providers.definition import DomainRule
from nsadmin.access.sso.events import record_joined
from nsadmin.access.sso.identity import Identity
from nsadmin.access.sso.refusal import SignInRefused


def admitted(
    identity: Identity, rule: DomainRule, organization: Organization, user: User | None
) -> User | None:
    """Return the user, made a member if that is due; None where none may be made."""
    if user is not None and (user.platform_role or not user.is_active):
        return user
    lock_row(organization)
    invited = _take_invitation(organization, identity.email)
    if invited is not None:
        made = user or _new_user(identity)
        _join(identity, organization, made, Role(invited.role))
        return made
    if user is not None or not rule.provision:
        return user
    if organization.is_operator:
        # A member of the operator's organization would see what belongs to all.
        raise SignInRefused(identity, "does not create accounts of the platform.")
    made = _new_user(identity)
    _join(identity, organization, made, rule.granted)
    return made


def invited_again(identity: Identity, organization: Organization, user: User) -> None:
    """Let a user who belongs nowhere any more accept an open invitation."""
    if user.platform_role or not user.is_active or user.memberships.exists():
        return
    lock_row(organization)
    invited = _take_invitation(organization, user.email)
    if invited is not None:
        _join(identity, organization, user, Role(invited.role))


def _take_invitation(organization: Organization, email: str) -> Invitation | None:
    """Delete the open invitation of an address and return it.

    That of a deactivated member counts no more than their membership does.
    """
    if organization.deactivated_members.filter(user__email=email).exists():
        return None
    rows = Invitation.objects.filter(organization=organization, email=email)
    found = rows.filter(expires_at__gt=timezone.now()).first()
    if found is None or not Invitation.objects.filter(pk=found.pk).delete()[0]:
        return None
    return found


def _new_user(identity: Identity) -> User:
    return User.objects.create(
        email=identity.email, name=identity.name, password=make_password(None)
    )


def _join(
    identity: Identity, organization: Organization, user: User, role: Role
) -> None:
    membership, is_new = Membership.objects.get_or_create(
        user=user, organization=organization, defaults={"role": role.value}
    )
    if is_new:
        record_joined(identity, membership)
