"""API keys: made once, shown once, kept as a keyed hash, compared in constant time.

A key reads `sk_<key id>_<secret>`. The hash is HMAC-SHA256 under NSADMIN_KEY_PEPPER, so
a copy of the database opens nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import ApiKey, Organization, token
from nsadmin.access.permissions import Role
from nsadmin.errors import Unauthorized

_USED_EVERY = timedelta(minutes=1)
_REFUSAL = "The API key is missing, wrong, revoked or expired."


def digest(secret: str) -> str:
    """Return the keyed hash of a whole key as 64 hexadecimal digits."""
    pepper = settings.NSADMIN_KEY_PEPPER.encode()
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def create_key(
    organization: Organization,
    *,
    name: str,
    role: Role,
    scopes: Iterable[str] = (),
    created_by: str = "",
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key; return its row and its plaintext, which is never seen again."""
    key_id = token("", 12)
    plaintext = f"sk_{key_id}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        key_id=key_id,
        organization=organization,
        name=name,
        prefix=plaintext[:10],
        digest=digest(plaintext),
        role=role.value,
        scopes=sorted(scopes),
        created_by=created_by,
        expires_at=expires_at,
    )
    return row, plaintext


def revoke_key(row: ApiKey) -> None:
    """Make the key useless from the next request on."""
    row.revoked_at = row.revoked_at or timezone.now()
    row.save(update_fields=["revoked_at"])


def actor_of_key(plaintext: str) -> Actor:
    """Return the actor that the key stands for, or raise Unauthorized.

    The same hash is computed whether or not the id exists, so that time tells nothing.
    """
    parts = plaintext.split("_", 2)
    key_id = parts[1] if len(parts) == 3 and parts[0] == "sk" else ""
    found = ApiKey.objects.select_related("organization").filter(key_id=key_id).first()
    expected = found.digest if found else "0" * 64
    if not hmac.compare_digest(digest(plaintext), expected) or found is None:
        raise Unauthorized(_REFUSAL)
    now = timezone.now()
    if found.revoked_at or (found.expires_at and found.expires_at <= now):
        raise Unauthorized(_REFUSAL)
    if found.last_used_at is None or now - found.last_used_at > _USED_EVERY:
        ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
    return Actor(
        kind="key",
        id=found.key_id,
        label=f"key {found.name}",
        role=Role(found.role),
        organization_id=found.organization.organization_id,
        internal_id=found.organization.internal_id,
        organization_name=found.organization.name,
        plan=found.organization.plan,
        scopes=frozenset(found.scopes),
    )
