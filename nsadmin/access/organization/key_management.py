"""Creating and revoking an organization's API keys, with their audit events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import NAME_MAX, ApiKey, Organization, User
from nsadmin.access.organization.keys import (
    create_key,
    effective_role,
    is_expired,
    with_creator_role,
)
from nsadmin.access.permissions import ORGANIZATION_ROLES, SCOPES, Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, Invalid, NotFound, QuotaExceeded

KeyState = Literal["active", "expired", "revoked", "idle"]


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The form of a new key; its `key_id` makes the request idempotent."""

    key_id: str
    name: str
    role: Role
    scopes: frozenset[str]
    expires_at: datetime | None


def grantable(actor: Actor) -> tuple[Role, ...]:
    """Return the roles that the actor may give a key: their own role and lower ones."""
    if actor.role not in ORGANIZATION_ROLES:
        return ORGANIZATION_ROLES
    return ORGANIZATION_ROLES[ORGANIZATION_ROLES.index(actor.role) :]


def issue(
    actor: Actor, organization: Organization, creator: User, request: KeyRequest
) -> tuple[ApiKey, str]:
    """Create a key; return its row and its plaintext, which cannot be read again.

    Raises Invalid for rights beyond the actor's own role, a bad name and a past expiry,
    Conflict for a `key_id` that exists: a form that is sent twice must not make a
    second key. Raises QuotaExceeded if the organization has as many valid keys as the
    settings allow.
    """
    if request.role not in grantable(actor) or not request.scopes <= set(SCOPES):
        raise Invalid("A key cannot have more rights than the person who creates it.")
    if request.expires_at is not None and request.expires_at <= timezone.now():
        raise Invalid.at("expires_at", "This day is in the past. Choose a later one.")
    name = names.clean(request.name, at="name", longest=NAME_MAX)
    _require_place(organization)
    try:
        with transaction.atomic():
            row, plaintext = create_key(
                organization,
                name=name,
                role=request.role,
                scopes=request.scopes,
                creator=creator,
                expires_at=request.expires_at,
                key_id=request.key_id,
            )
            summary = f"Create the API key “{row.name}”."
            _record_event(actor, row, "key:create", summary, after=_description(row))
    except IntegrityError:
        raise Conflict(
            "This form was sent already and its key exists. A key is shown only once; "
            "if it is lost, revoke it and create another."
        ) from None
    return row, plaintext


def _require_place(organization: Organization) -> None:
    now, limit = timezone.now(), settings.NSADMIN_MAX_API_KEYS
    valid = organization.api_keys.filter(revoked_at=None).exclude(expires_at__lte=now)
    current = valid.count()
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
            summary = f"Revoke the API key “{key.name}”."
            _record_event(actor, key, "key:revoke", summary)
    return key


def find(organization: Organization, key_id: str) -> ApiKey:
    """Return a key of the organization, or raise NotFound."""
    key = with_creator_role(organization.api_keys.filter(key_id=key_id)).first()
    if key is None:
        raise NotFound("There is no such API key.", details={"resource": "key"})
    return key


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """Return the state of a key; `idle` if its creator has no role any more."""
    if key.revoked_at:
        return "revoked"
    if is_expired(key, now):
        return "expired"
    return "active" if effective_role(key) else "idle"


def _description(key: ApiKey) -> str:
    end = f"{key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never"
    scopes = ", ".join(key.scopes) or "all"
    return f"role {key.role}, scopes {scopes}, expires {end}"


def _record_event(
    actor: Actor, key: ApiKey, action: str, summary: str, *, after: str | None = None
) -> None:
    record.record(
        action=action,
        summary=summary,
        actor=actor,
        organization_id=key.organization_id,
        changes=[
            {
                "field": f"key {key.prefix}…",
                "before": None,
                "after": after,
                "sentence": summary,
            }
        ],
    )
