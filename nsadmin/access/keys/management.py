"""Creating and revoking an organization's API keys, with their audit events."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.keys import listing, service_accounts
from nsadmin.access.keys.audit import record_event
from nsadmin.access.keys.keys import create_key, effective_role, is_expired
from nsadmin.access.models import NAME_MAX, ApiKey, Organization, ServiceAccount, User
from nsadmin.access.organization.organizations import actor_of_user, lock_row
from nsadmin.access.permissions import (
    ORGANIZATION_ROLES,
    SCOPES,
    SCOPES_OF_ONE_NAMESPACE,
    Action,
    Role,
)
from nsadmin.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded

KeyState = Literal["active", "ending", "expired", "revoked", "idle"]
MAX_NAMESPACES: Final = 50


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The form of a new key; its `key_id` makes the request idempotent.

    It is a key of the service account `account_id`, of the person if that is empty.
    `namespace_ids` are the only namespaces that it reaches; None for all.
    """

    key_id: str
    name: str
    role: Role
    scopes: frozenset[str]
    expires_at: datetime | None
    account_id: str = ""
    namespace_ids: frozenset[str] | None = None


def grantable(actor: Actor) -> tuple[Role, ...]:
    """Return the roles that the actor may give a key: their own role and lower ones."""
    if actor.role not in ORGANIZATION_ROLES:
        return ORGANIZATION_ROLES
    return ORGANIZATION_ROLES[ORGANIZATION_ROLES.index(actor.role) :]


def latest_end(now: datetime) -> datetime | None:
    """Return when a key made now expires at the latest; None without such a limit."""
    days = settings.NSADMIN_KEY_MAX_DAYS
    return now + timedelta(days=days) if days else None


def issue(
    actor: Actor, organization: Organization, person: User, request: KeyRequest
) -> tuple[ApiKey, str]:
    """Create a key; return its row and its plaintext, which cannot be read again.

    `person` is the actor's account: the key's creator, or the issuer of a service
    account's key. Raises Invalid for rights beyond the actor's own role, a bad name,
    and an expiry that is past or too far off; Conflict for a `key_id` that exists, for
    a form that is sent twice must not make a second key, and for a deactivated service
    account; Forbidden in a support session for a service account's key, which would
    outlive the session; QuotaExceeded if the organization has as many valid keys as the
    settings allow.
    """
    name = checked_name(request.name)
    require_end(request.expires_at)
    require_scopes(request.scopes, request.namespace_ids)
    try:
        with transaction.atomic():
            lock_row(organization)
            require_grantable(actor, organization, person, request.role)
            account = _account(actor, organization, request)
            _require_place(organization)
            row, plaintext = create_key(
                organization,
                name=name,
                role=request.role,
                scopes=request.scopes,
                creator=None if account else person,
                service_account=account,
                issuer=person if account else None,
                namespace_ids=request.namespace_ids,
                expires_at=request.expires_at,
                key_id=request.key_id,
            )
            summary = f"Create the API key “{row.name}”{of_account(row)}."
            record_event(actor, row, "key:create", summary, after=description(row))
    except IntegrityError:
        raise Conflict(
            "This form was sent already and its key exists. A key is shown only once; "
            "if it is lost, revoke it and create another."
        ) from None
    return row, plaintext


def _account(
    actor: Actor, organization: Organization, request: KeyRequest
) -> ServiceAccount | None:
    if not request.account_id:
        return None
    service_accounts.require_lasting(actor, organization)
    return service_accounts.find_active(organization, request.account_id)


def require_grantable(
    actor: Actor, organization: Organization, person: User, role: Role
) -> None:
    """Raise Invalid unless the person may give a key this role now.

    The rights are read again, for the caller has locked the organization: another admin
    may have taken them away after the request began.
    """
    now = actor_of_user(person, organization.organization_id)
    is_there = now is not None and (
        now.is_staff or now.organization_id == organization.organization_id
    )
    if now is None or not is_there or not now.may(Action.KEY_MANAGE):
        raise Forbidden("Your role does not allow you to make keys any more.")
    if role not in grantable(now) or role not in grantable(actor):
        raise Invalid("A key cannot have more rights than the person who creates it.")


def checked_name(name: str) -> str:
    """Return the name of a key as it is stored; raise Invalid for a bad one."""
    return names.clean(name, at="name", longest=NAME_MAX)


def require_scopes(
    scopes: frozenset[str], namespace_ids: frozenset[str] | None
) -> None:
    """Raise Invalid unless a key may have these scopes for these namespaces."""
    if not scopes <= set(SCOPES):
        raise Invalid("A key cannot have more rights than the person who creates it.")
    if namespace_ids is None:
        return
    if not 1 <= len(namespace_ids) <= MAX_NAMESPACES:
        message = f"Choose from 1 to {MAX_NAMESPACES} namespaces."
        raise Invalid.at("namespaces", message)
    # An earlier release, which may run beside this one, knows none of these scopes and
    # so refuses such a key. It would let one with a broad scope reach every namespace.
    if not scopes or not scopes <= set(SCOPES_OF_ONE_NAMESPACE):
        raise Invalid.at("scopes", _too_broad(scopes))


def _too_broad(scopes: frozenset[str]) -> str:
    """Return which of the scopes a key for chosen namespaces cannot have."""
    narrow = SCOPES_OF_ONE_NAMESPACE
    broad = [f"“{s}”" for s in SCOPES if s in scopes and s not in narrow]
    *first, last = broad or [""]
    named = f"{', '.join(first)} and {last}" if first else last
    cause = f"Leave out {named}: a" if broad else "A"
    return (
        f"{cause} key for chosen namespaces can only have the scopes "
        f"{', '.join(narrow)}."
    )


def require_end(end: datetime | None) -> None:
    """Raise Invalid for an expiry that is past or too far off."""
    now = timezone.now()
    if end is not None and end <= now:
        raise Invalid.at("expires_at", "This day is in the past. Choose a later one.")
    latest = latest_end(now + timedelta(minutes=1))
    if latest is not None and (end is None or end > latest):
        days = settings.NSADMIN_KEY_MAX_DAYS
        message = f"A key may be valid for {days:,} days at most."
        raise Invalid.at("expires_at", message)


def _require_place(organization: Organization) -> None:
    """Raise QuotaExceeded for one valid key too many; rotated ones do not count."""
    limit = settings.NSADMIN_MAX_API_KEYS
    valid = listing.live(organization, timezone.now())
    current = valid.filter(successor=None).count()
    if current >= limit:
        raise QuotaExceeded(
            f"An organization may have {limit:,} valid API keys. Revoke one first.",
            details={"resource": "api_keys", "current": current, "limit": limit},
        )


def revoke(actor: Actor, organization: Organization, key_id: str) -> ApiKey:
    """Revoke a key from the next request on; a second call changes nothing."""
    key = find(organization, key_id)
    with transaction.atomic():
        open_key = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
        if open_key.update(revoked_at=timezone.now()):
            summary = f"Revoke the API key “{key.name}”{of_account(key)}."
            record_event(actor, key, "key:revoke", summary)
    return key


def find(organization: Organization, key_id: str) -> ApiKey:
    """Return a key of the organization, or raise NotFound."""
    rows = organization.api_keys.filter(key_id=key_id)
    key = listing.described(rows).first()
    if key is None:
        raise NotFound("There is no such API key.", details={"resource": "key"})
    return key


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """Return the state of a key of `listing.described`.

    It is `idle` if its person has no role any more or its service account is
    deactivated, `ending` while it works on beside the key that replaces it.
    """
    if key.revoked_at:
        return "revoked"
    if is_expired(key, now):
        return "expired"
    if not effective_role(key):
        return "idle"
    return "ending" if is_replaced(key) else "active"


def is_replaced(key: ApiKey) -> bool:
    """Tell whether a key of `listing.described` was rotated into another one."""
    return bool(key.is_replaced)  # type: ignore[attr-defined]


def of_account(key: ApiKey) -> str:
    """Return the service account of a key as the end of a phrase; empty without."""
    account = key.service_account
    return f" of the service account “{account.name}”" if account else ""


def description(key: ApiKey) -> str:
    """Return the rights and the end of a key, for the audit."""
    end = f"{key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never"
    scopes = ", ".join(key.scopes) or "all"
    ids = key.namespace_ids
    reach = "" if ids is None else f", namespaces {', '.join(ids)}"
    return f"role {key.role}, scopes {scopes}{reach}, expires {end}"
