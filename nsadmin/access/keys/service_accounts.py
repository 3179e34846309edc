"""Service accounts: programs of an organization, whose keys outlive the people."""

from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.keys.audit import record_event
from nsadmin.access.models import (
    NAME_MAX,
    PURPOSE_MAX,
    Organization,
    ServiceAccount,
    User,
    token,
)
from nsadmin.access.organization.invitations import may_invite
from nsadmin.access.organization.organizations import lock_row
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound
from nsadmin.names import clip

MAX_ACCOUNTS: Final = 100


def new_account_id() -> str:
    """Return an id that makes one submission of the form idempotent."""
    return token("svc_", 16)


def require_lasting(actor: Actor, organization: Organization) -> None:
    """Raise Forbidden for staff in a support session of the organization."""
    if not may_invite(actor, organization):
        raise Forbidden(
            "Only an admin of the organization can make service accounts and their "
            "keys. A support session ends, but the keys would stay."
        )


def find(organization: Organization, account_id: str) -> ServiceAccount:
    """Return a service account of the organization, or raise NotFound."""
    rows = organization.service_accounts.select_related("organization", "creator")
    found = rows.filter(account_id=account_id[:32]).first()
    if found is None:
        raise NotFound(
            "There is no such service account.", details={"resource": "service_account"}
        )
    return found


def find_active(organization: Organization, account_id: str) -> ServiceAccount:
    """Return a service account that may get keys; raise Conflict if it may not.

    The caller has locked the organization, so that none is deactivated meanwhile.
    """
    found = find(organization, account_id)
    if found.deactivated_at:
        raise Conflict(
            f"The service account “{found.name}” is deactivated. Reactivate it first.",
            details={"field": "owner"},
        )
    return found


@transaction.atomic
def create(
    actor: Actor,
    organization: Organization,
    creator: User,
    *,
    name: str,
    purpose: str,
    account_id: str,
) -> ServiceAccount:
    """Create a service account without keys.

    Raises Forbidden in a support session of the organization; Invalid for a bad or
    taken name; Conflict for an `account_id` that exists, and where MAX_ACCOUNTS exist.
    """
    require_lasting(actor, organization)
    cleaned = names.clean(name, at="name", longest=NAME_MAX)
    if not cleaned:
        raise Invalid.at("name", "Enter a name for the service account.")
    why = names.clean(purpose, at="purpose", what="purpose", longest=PURPOSE_MAX)
    lock_row(organization)
    rows = organization.service_accounts
    if ServiceAccount.objects.filter(pk=account_id).exists():
        raise Conflict("This form was sent already and its service account exists.")
    if rows.filter(name=cleaned).exists():
        raise _taken(cleaned)
    if rows.count() >= MAX_ACCOUNTS:
        raise Conflict(f"An organization may have {MAX_ACCOUNTS} service accounts.")
    try:
        with transaction.atomic():
            made = rows.create(
                account_id=account_id, name=cleaned, purpose=why, creator=creator
            )
    except IntegrityError:
        raise _taken(cleaned) from None
    summary = f"Create the service account “{cleaned}”."
    record_event(actor, made, "service-account:create", summary, after=why or cleaned)
    return made


def _taken(name: str) -> Invalid:
    return Invalid.at("name", f"There is already a service account named {name}.")


@transaction.atomic
def deactivate(actor: Actor, account: ServiceAccount) -> int:
    """Deactivate a service account and revoke its keys for good; return their number.

    The keys are refused from the next request on. Raises Conflict if it is deactivated.
    """
    now = _locked(account)
    if now.deactivated_at:
        raise Conflict(f"“{now.name}” is deactivated already.")
    now.deactivated_at, now.deactivated_by = timezone.now(), clip(actor.label, 254)
    now.save(update_fields=["deactivated_at", "deactivated_by"])
    count = now.keys.filter(revoked_at=None).update(revoked_at=now.deactivated_at)
    and_keys = f" and revoke its keys ({count})" if count else ""
    summary = f"Deactivate the service account “{now.name}”{and_keys}."
    record_event(
        actor,
        now,
        "service-account:deactivate",
        summary,
        before="active",
        after="deactivated",
    )
    return count


@transaction.atomic
def reactivate(actor: Actor, account: ServiceAccount) -> None:
    """Let a service account have keys again; its revoked keys stay revoked.

    Raises Conflict if it is active, Forbidden in a support session.
    """
    require_lasting(actor, account.organization)
    now = _locked(account)
    if not now.deactivated_at:
        raise Conflict(f"“{now.name}” is active already.")
    now.deactivated_at, now.deactivated_by = None, ""
    now.save(update_fields=["deactivated_at", "deactivated_by"])
    record_event(
        actor,
        now,
        "service-account:reactivate",
        f"Reactivate the service account “{now.name}”.",
        before="deactivated",
        after="active",
    )


def _locked(account: ServiceAccount) -> ServiceAccount:
    """Lock the organization and return the account as it is now."""
    lock_row(account.organization)
    return find(account.organization, account.account_id)
