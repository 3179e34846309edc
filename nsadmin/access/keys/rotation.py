"""Rotating a key: a new secret, while the old one works on for a chosen time.

The new secret is a key of its own that replaces the old one, so that both are listed,
each with its last use. At most two secrets work at a time: rotating again ends the
older one at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.keys import management, service_accounts
from nsadmin.access.keys.audit import record_event
from nsadmin.access.keys.keys import create_key, effective_role, is_expired
from nsadmin.access.models import ApiKey, Organization, User
from nsadmin.access.organization.organizations import lock_row
from nsadmin.access.permissions import Role
from nsadmin.errors import Conflict

# How long the old secret works on, by the words of the form.
OVERLAPS: Final = {
    "none": timedelta(0),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotated key: the new one with its plaintext, and when the old one ends."""

    key: ApiKey
    plaintext: str
    old_ends_at: datetime


def obstacle(user: User, key: ApiKey) -> str:
    """Return why the user cannot rotate a key of `listing.described`; empty if so.

    A person's key is theirs alone: a secret of it would be the right to act for them.
    """
    if key.revoked_at:
        return "The key is revoked. Create a new one."
    if management.is_replaced(key):
        return "The key was rotated already. Rotate the key that replaces it."
    if key.service_account_id is None and key.creator_id is None:
        return "The key was made by a command. Make a new one there."
    if key.service_account_id is None and key.creator_id != user.pk:
        return f"Only {key.creator} can rotate this key. Others can revoke it."
    if effective_role(key) is None:
        return "The key is without effect now, so it cannot be rotated."
    return ""


def new_end(key: ApiKey, now: datetime) -> datetime | None:
    """Return when the new secret expires: after as long as the old one was made for."""
    lifetime = key.expires_at - key.created_at if key.expires_at else None
    end = now + lifetime if lifetime is not None else None
    latest = management.latest_end(now)
    return min((each for each in (end, latest) if each is not None), default=None)


@transaction.atomic
def rotate(
    actor: Actor,
    organization: Organization,
    user: User,
    key_id: str,
    *,
    new_key_id: str,
    overlap: timedelta,
) -> Rotation:
    """Make a new secret with the same rights; return it, which cannot be read again.

    The old secret works for `overlap` at most, and never longer than before. Raises
    NotFound for a key that is not the organization's; Conflict for a repeated
    `new_key_id` and for a key that cannot be rotated; Forbidden in a support session
    for a service account's key; Invalid for a key with more rights than the actor's.
    """
    lock_row(organization)
    old = management.find(organization, key_id)
    if ApiKey.objects.filter(pk=new_key_id).exists():
        raise Conflict(
            "This form was sent already and the key was rotated. The new secret is "
            "shown only once; if it is lost, rotate the new key."
        )
    if why := obstacle(user, old):
        raise Conflict(why, code="key_not_rotatable")
    if old.service_account_id is not None:
        service_accounts.require_lasting(actor, organization)
    management.require_grantable(actor, organization, user, Role(old.role))
    now = timezone.now()
    made, plaintext = _successor(old, user, new_key_id, now)
    ends_at = _end_old(old, now, overlap)
    summary = (
        f"Rotate the API key “{old.name}”{management.of_account(old)}; the old secret "
        f"({old.prefix}…) works until {ends_at:%Y-%m-%d %H:%M} UTC."
    )
    record_event(
        actor,
        made,
        "key:rotate",
        summary,
        before=management.description(old),
        after=management.description(made),
    )
    return Rotation(made, plaintext, ends_at)


def _successor(
    old: ApiKey, user: User, key_id: str, now: datetime
) -> tuple[ApiKey, str]:
    return create_key(
        old.organization,
        name=old.name,
        role=Role(old.role),
        scopes=old.scopes,
        creator=old.creator,
        service_account=old.service_account,
        issuer=user if old.service_account_id else None,
        namespace_ids=old.namespace_ids,
        replaces=old,
        expires_at=new_end(old, now),
        key_id=key_id,
    )


def _end_old(old: ApiKey, now: datetime, overlap: timedelta) -> datetime:
    """End the old key after the overlap and its predecessor now; return its end."""
    if old.replaces_id is not None:
        earlier = ApiKey.objects.filter(pk=old.replaces_id, revoked_at=None)
        earlier.exclude(expires_at__lte=now).update(revoked_at=now)
    if is_expired(old, now):
        return old.expires_at or now
    ends_at = min(now + overlap, old.expires_at or now + overlap)
    values = {"expires_at": ends_at} if overlap else {"revoked_at": now}
    ApiKey.objects.filter(pk=old.pk).update(**values)
    return ends_at
