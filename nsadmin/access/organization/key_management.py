"""Making and revoking an organization's API keys, with what the audit keeps of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin import names
from nsadmin.access.actor import Actor
from nsadmin.access.models import NAME_MAX, ApiKey, Organization, User
from nsadmin.access.organization.keys import (
    create_key,
    is_expired,
    role_now,
    with_standing,
)
from nsadmin.access.permissions import ORGANIZATION_ROLES, SCOPES, Role
from nsadmin.audit import record
from nsadmin.errors import Conflict, Invalid, NotFound

KeyState = Literal["active", "expired", "revoked", "idle"]


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A key as somebody wants it; `key_id` makes the wish a thing that happens once."""

    key_id: str
    name: str
    role: Role
    scopes: frozenset[str]
    expires_at: datetime | None


def grantable(actor: Actor) -> tuple[Role, ...]:
    """Return the roles that the actor may give a key: their own and lower ones."""
    if actor.role not in ORGANIZATION_ROLES:
        return ORGANIZATION_ROLES
    return ORGANIZATION_ROLES[ORGANIZATION_ROLES.index(actor.role) :]


def issue(
    actor: Actor, organization: Organization, creator: User, wish: KeyRequest
) -> tuple[ApiKey, str]:
    """Make a key; return its row and its plaintext, which is never seen again.

    Raises Invalid for a wish beyond the actor's own role, a bad name and a past expiry,
    Conflict for one that was granted before: a repeated form must not make a second
    key.
    """
    if wish.role not in grantable(actor) or not wish.scopes <= set(SCOPES):
        raise Invalid("A key cannot do more than the one who makes it.")
    if wish.expires_at is not None and wish.expires_at <= timezone.now():
        raise Invalid.at("expires_at", "This day is in the past. Choose a later one.")
    name = names.clean(wish.name, at="name", longest=NAME_MAX)
    try:
        with transaction.atomic():
            row, plaintext = create_key(
                organization,
                name=name,
                role=wish.role,
                scopes=wish.scopes,
                creator=creator,
                expires_at=wish.expires_at,
                key_id=wish.key_id,
            )
            _note(
                actor, row, "key:create", f"Make the API key “{row.name}”.", _facts(row)
            )
    except IntegrityError:
        raise Conflict(
            "This form has made its key already. A key is shown only once; "
            "if it was lost, revoke it and make another."
        ) from None
    return row, plaintext


def revoke(actor: Actor, organization: Organization, key_id: str) -> ApiKey:
    """Make a key useless from the next request on; doing it again changes nothing."""
    key = find(organization, key_id)
    with transaction.atomic():
        open_key = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
        if open_key.update(revoked_at=timezone.now()):
            _note(actor, key, "key:revoke", f"Revoke the API key “{key.name}”.", "")
    return key


def find(organization: Organization, key_id: str) -> ApiKey:
    """Return a key of the organization, or raise NotFound."""
    key = with_standing(organization.api_keys.filter(key_id=key_id)).first()
    if key is None:
        raise NotFound("There is no such API key.", details={"resource": "key"})
    return key


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """Tell what a key is good for; `idle` if its creator may no longer do anything."""
    if key.revoked_at:
        return "revoked"
    if is_expired(key, now):
        return "expired"
    return "active" if role_now(key) else "idle"


def _facts(key: ApiKey) -> str:
    end = f"{key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never"
    scopes = ", ".join(key.scopes) or "all"
    return f"role {key.role}, scopes {scopes}, expires {end}"


def _note(actor: Actor, key: ApiKey, action: str, summary: str, after: str) -> None:
    record.record(
        action=action,
        summary=summary,
        actor=actor,
        organization_id=key.organization_id,
        changes=[
            {
                "field": f"key {key.prefix}…",
                "before": None,
                "after": after or None,
                "sentence": summary,
            }
        ],
    )
