"""Audit events of single sign-on, whose actor is the provider as part of nsadmin."""

from nsadmin.access.models import Membership, Organization, User
from nsadmin.access.organization.audit import record_event
from nsadmin.access.providers.definition import Provider
from nsadmin.access.signin.audit import record_of_account
from nsadmin.access.sso.identity import Identity
from nsadmin.access.sso.refusal import SignInRefused
from nsadmin.audit import record
from nsadmin.audit.models import Outcome


def actor_of(provider: Provider) -> record.RecordedActor:
    """Return the actor that the audit names, such as `single sign-on (Acme)`."""
    label = f"single sign-on ({provider.name})"
    return record.RecordedActor(record.SYSTEM_KIND, f"sso:{provider.id}", label)


def record_joined(identity: Identity, membership: Membership) -> None:
    """Write that a person became a member at their first sign-in."""
    summary = (
        f"{membership.user.email} joins as {membership.role} at the first sign-in "
        f"through {identity.provider.name}."
    )
    actor = actor_of(identity.provider)
    record_event(actor, membership, "member:join", summary, after=membership.role)


def record_bound(identity: Identity, user: User, organization: Organization) -> None:
    """Write that a user is bound to an identity, for the provider's organization."""
    record.record(
        action="account:single-sign-on",
        summary=f"{user.email} is bound to an identity of {identity.provider.name}.",
        actor=actor_of(identity.provider),
        organization_id=organization.organization_id,
    )


def record_refused(refused: SignInRefused) -> None:
    """Write a refused sign-in to the audit of the domain's organization.

    An address outside the provider's domains is not written, since it is of others; the
    event is in the audit of the provider's first organization.
    """
    identity = refused.identity
    rule = identity.provider.rule_for(identity.domain)
    unnamed = "An address of another domain" if identity.email else "A person"
    who = identity.email if rule is not None else unnamed
    rule = rule or identity.provider.domains[0]
    record.record(
        Outcome.REFUSED,
        action="account:sign-in",
        summary=f"{who} may not sign in: {refused.message}",
        actor=actor_of(identity.provider),
        organization_id=rule.organization_id,
    )


def record_confirmed(user: User, provider: Provider) -> None:
    """Write that a person confirmed who they are at the provider."""
    summary = f"{user.email} confirmed their identity at {provider.name}."
    record_of_account(user, "account:single-sign-on", summary)
