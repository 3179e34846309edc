"""API keys: made once, shown once, kept as a keyed hash, compared in constant time.

A key reads `sk_<key id>_<secret>`. The hash is HMAC-SHA256 under NSADMIN_KEY_PEPPER, so
a copy of the database opens nothing. A key never does more than its creator may now: it
follows their role down, and ends with their membership or their account.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from nsadmin.access.actor import Actor
from nsadmin.access.models import ApiKey, Membership, Organization, User, token
from nsadmin.access.permissions import ORGANIZATION_ROLES, Role
from nsadmin.errors import Unauthorized

_USED_EVERY = timedelta(minutes=1)
_REFUSAL = "The API key is missing, wrong, revoked or expired."


def digest(secret: str) -> str:
    """Return the keyed hash of a whole key as 64 hexadecimal digits."""
    pepper = settings.NSADMIN_KEY_PEPPER.encode()
    return hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()


def new_key_id() -> str:
    """Return the public part of a key."""
    return token("", 12)


def create_key(
    organization: Organization,
    *,
    name: str,
    role: Role,
    scopes: Iterable[str] = (),
    creator: User | None = None,
    expires_at: datetime | None = None,
    key_id: str = "",
) -> tuple[ApiKey, str]:
    """Store a new key; return its row and its plaintext, which is never seen again.

    A key without a creator is the program's own and follows nobody.
    """
    key_id = key_id or new_key_id()
    plaintext = f"sk_{key_id}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        key_id=key_id,
        organization=organization,
        name=name,
        prefix=plaintext[:10],
        digest=digest(plaintext),
        role=role.value,
        scopes=sorted(scopes),
        creator=creator,
        expires_at=expires_at,
    )
    return row, plaintext


def revoke_key(row: ApiKey) -> None:
    """Make the key useless from the next request on."""
    row.revoked_at = row.revoked_at or timezone.now()
    row.save(update_fields=["revoked_at"])


def is_expired(key: ApiKey, now: datetime) -> bool:
    """Tell whether the key has come to its end."""
    return key.expires_at is not None and key.expires_at <= now


def with_standing(keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """Add to each key what `role_now` needs, in the same query."""
    membership = Membership.objects.filter(
        user=OuterRef("creator"), organization=OuterRef("organization")
    )
    return keys.select_related("organization", "creator").annotate(
        membership_role=Subquery(membership.values("role")[:1])
    )


def role_now(key: ApiKey) -> Role | None:
    """Return the role of a key of `with_standing` now; None if it stands for nobody.

    It is the lower of its own role and its creator's. A platform admin counts as admin
    of every organization, support as a viewer.
    """
    role, creator = Role(key.role), key.creator
    if creator is None:
        return role
    standing = key.membership_role  # type: ignore[attr-defined]
    if creator.platform_role:
        may_change = creator.platform_role == Role.PLATFORM_ADMIN
        standing = Role.ADMIN if may_change else Role.VIEWER
    if not creator.is_active or not standing:
        return None
    return max(role, Role(standing), key=ORGANIZATION_ROLES.index)


def actor_of_key(plaintext: str) -> Actor:
    """Return the actor that the key stands for, or raise Unauthorized.

    The same hash is computed whether or not the id exists, so that time tells nothing.
    """
    parts = plaintext.split("_", 2)
    key_id = parts[1] if len(parts) == 3 and parts[0] == "sk" else ""
    found = with_standing(ApiKey.objects.filter(key_id=key_id)).first()
    expected = found.digest if found else "0" * 64
    if not hmac.compare_digest(digest(plaintext), expected) or found is None:
        raise Unauthorized(_REFUSAL)
    now = timezone.now()
    role = role_now(found)
    if role is None or found.revoked_at or is_expired(found, now):
        raise Unauthorized(_REFUSAL)
    if found.last_used_at is None or now - found.last_used_at > _USED_EVERY:
        ApiKey.objects.filter(pk=found.pk).update(last_used_at=now)
    return Actor(
        kind="key",
        id=found.key_id,
        label=f"key {found.name}",
        role=role,
        organization_id=found.organization.organization_id,
        internal_id=found.organization.internal_id,
        organization_name=found.organization.name,
        plan=found.organization.plan,
        scopes=frozenset(found.scopes),
    )
