"""Whose session an identity opens: a user bound to it, one of its address, a new one.

The subject at the provider is bound to a user at the first sign-in and decides from
then on, so a later change of the address at the provider reaches no other account.
Before that the address decides, if it is proven and of a domain that the operator bound
to this provider.
"""

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction

from nsadmin.access.models import Organization, User
from nsadmin.access.providers.configured import domain_of
from nsadmin.access.providers.definition import DomainRule
from nsadmin.access.sso import joining
from nsadmin.access.sso.events import record_bound
from nsadmin.access.sso.identity import Identity
from nsadmin.access.sso.refusal import SignInRefused

_ASK = "Ask an admin of your organization to invite you."
_SEND = "Ask the people who run it to send your address."
_OTHER = "is bound to another identity there. Ask the people who run this platform."


def user_of(identity: Identity) -> User:
    """Return the user whose session an identity opens; a new one may be made.

    Raises SignInRefused. Two sign-ins at once bind one user.
    """
    try:
        return _user_of(identity)
    except IntegrityError:  # the other one was first; what it wrote is there now
        return _user_of(identity)


@transaction.atomic
def _user_of(identity: Identity) -> User:
    bound = bound_user(identity.provider.id, identity.subject)
    if bound is not None:
        organization = _organization(identity, _rule(identity, bound.email))
        joining.invited_again(identity, organization, bound)
        _require_admitted(identity, bound, organization)
        return bound
    if not identity.email:
        raise SignInRefused(identity, "sent no usable e-mail address of yours.", _SEND)
    rule = _rule(identity, identity.email)
    if not identity.has_proven_address:
        raise SignInRefused(identity, "does not say that your address is verified.")
    organization = _organization(identity, rule)
    user = User.objects.filter(email=identity.email).first()
    user = joining.admitted(identity, rule, organization, user)
    if user is None:
        raise SignInRefused(
            identity, "knows you, but there is no account for you here.", _ASK
        )
    _require_admitted(identity, user, organization)
    _bind(identity, user, organization)
    return user


def bound_user(provider_id: str, subject: str) -> User | None:
    """Return the user that a subject of a provider is bound to."""
    rows = SocialAccount.objects.filter(provider=provider_id, uid=subject)
    row = rows.select_related("user").first()
    return row.user if row is not None else None


def _rule(identity: Identity, address: str) -> DomainRule:
    """Return what the operator bound the domain to; no other provider counts for it."""
    rule = identity.provider.rule_for(domain_of(address))
    if rule is None:
        raise SignInRefused(identity, "is not set up for the domain of your address.")
    return rule


def _organization(identity: Identity, rule: DomainRule) -> Organization:
    rows = Organization.objects.filter(organization_id=rule.organization_id)
    organization = rows.first()
    if organization is None:
        raise SignInRefused(identity, "is not set up for an organization here.")
    if organization.suspended_at is not None:
        raise SignInRefused(identity, "belongs to a suspended organization.")
    return organization


def _require_admitted(
    identity: Identity, user: User, organization: Organization
) -> None:
    """Raise SignInRefused for a deactivated user and for one who is not theirs.

    People of the platform sign in through a provider of the operator alone.
    """
    if not user.is_active:
        raise SignInRefused(identity, "knows you, but your account is disabled.")
    if user.platform_role and not organization.is_operator:
        raise SignInRefused(identity, "does not sign in people of the platform.")
    if not user.platform_role and not user.memberships.exists():
        raise SignInRefused(
            identity, "knows you, but you belong to no organization here.", _ASK
        )


def _bind(identity: Identity, user: User, organization: Organization) -> None:
    """Bind the subject to the user, who has no other one at this provider."""
    mine = SocialAccount.objects.filter(user=user, provider=identity.provider.id)
    User.objects.select_for_update().get(pk=user.pk)
    if mine.exists():
        raise SignInRefused(identity, "knows you, but your address here " + _OTHER)
    SocialAccount.objects.create(
        user=user, provider=identity.provider.id, uid=identity.subject
    )
    record_bound(identity, user, organization)
