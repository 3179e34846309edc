"""API keys: shown once, stored as a keyed hash, compared in constant time.

A key reads `sk_<key id>_<secret>`. The hash is HMAC-SHA256 under NSADMIN_KEY_PEPPER, so
a copy of the database reveals no key. Where several peppers are configured, a key that
was hashed under an older one is hashed again under the first as it is used.

A person's key never permits more than their current role, and stops working with their
membership or their account. A service account's key keeps its role whatever becomes of
the person who made it.
"""

import hmac
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from nsadmin.access.actor import Actor, Grant
from nsadmin.access.models import (
    ApiKey,
    Membership,
    Organization,
    ServiceAccount,
    User,
    token,
)
from nsadmin.access.organization import suspension
from nsadmin.access.permissions import ORGANIZATION_ROLES, PLATFORM_ROLES, Role
from nsadmin.access.support import grants
from nsadmin.errors import Unauthorized
from nsadmin.stores import peppers

_LAST_USED_STEP = timedelta(minutes=1)
# The beginning of a key that is stored in plain text, to tell keys apart.
_PREFIX_LENGTH = 10
_REFUSAL = "The API key is missing, wrong, revoked or expired."


def digest(secret: str) -> str:
    """Return the keyed hash of a whole key as 64 hexadecimal digits."""
    return peppers.keyed_hash(secret)


def digests(secret: str) -> list[str]:
    """Return `digest` under each pepper, the first one first."""
    return peppers.hashes(secret)


def plaintext_of(key_id: str, secret: str) -> str:
    """Return the whole key as its owner sends it."""
    return f"sk_{key_id}_{secret}"


def prefix_of(plaintext: str) -> str:
    """Return the beginning of a key, by which lists show it."""
    return plaintext[:_PREFIX_LENGTH]


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
    service_account: ServiceAccount | None = None,
    issuer: User | None = None,
    namespace_ids: Collection[str] | None = None,
    replaces: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key; return its row and its plaintext, which cannot be read again.

    A key without a creator keeps its own role: it belongs to the service account, or
    without one to nsadmin itself.
    """
    key_id = key_id or new_key_id()
    plaintext = plaintext_of(key_id, secrets.token_urlsafe(32))
    row = ApiKey.objects.create(
        key_id=key_id,
        organization=organization,
        name=name,
        prefix=prefix_of(plaintext),
        digest=digest(plaintext),
        pepper=peppers.names()[0],
        role=role.value,
        scopes=sorted(scopes),
        creator=creator,
        service_account=service_account,
        issuer=issuer,
        namespace_ids=None if namespace_ids is None else sorted(namespace_ids),
        replaces=replaces,
        expires_at=expires_at,
    )
    return row, plaintext


def revoke_key(row: ApiKey) -> None:
    """Revoke the key from the next request on."""
    row.revoked_at = row.revoked_at or timezone.now()
    row.save(update_fields=["revoked_at"])


def is_expired(key: ApiKey, now: datetime) -> bool:
    """Tell whether the key has expired."""
    return key.expires_at is not None and key.expires_at <= now


def with_creator_role(keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """Add what `effective_role` reads: whose the key is, and what they may now."""
    session = grants.running().filter(
        user=OuterRef("creator"), organization=OuterRef("organization")
    )
    membership = Membership.objects.filter(
        user=OuterRef("creator"), organization=OuterRef("organization")
    )
    return keys.select_related("organization", "creator", "service_account").annotate(
        membership_role=Subquery(membership.values("role")[:1]),
        has_support_session=Exists(session),
    )


def effective_role(key: ApiKey) -> Role | None:
    """Return the current role of a key of `with_creator_role`.

    Of a person's key it is the lower of the key's role and theirs; None if the person
    is inactive or no member, or the service account is deactivated. In the operator
    organization, and during their own support session in another, a platform admin
    counts as admin and support as a viewer.
    """
    role, creator = Role(key.role), key.creator
    if key.service_account is not None and key.service_account.deactivated_at:
        return None
    if creator is None:
        return role
    if not creator.is_active:
        return None
    if role in PLATFORM_ROLES:
        return _lower_platform_role(role, creator)
    creator_role = key.membership_role  # type: ignore[attr-defined]
    if creator.platform_role:
        creator_role = _role_of_staff(key, creator)
    if not creator_role:
        return None
    return max(role, Role(creator_role), key=ORGANIZATION_ROLES.index)


def _lower_platform_role(role: Role, creator: User) -> Role | None:
    if not creator.platform_role:
        return None
    return min(role, Role(creator.platform_role), key=PLATFORM_ROLES.index)


def _role_of_staff(key: ApiKey, creator: User) -> Role | None:
    has_session: bool = key.has_support_session  # type: ignore[attr-defined]
    if not key.organization.is_operator and not has_session:
        return None
    may_change = creator.platform_role == Role.PLATFORM_ADMIN
    return Role.ADMIN if may_change else Role.VIEWER


def _grants_of(key: ApiKey, role: Role) -> tuple[Grant, ...]:
    """Return what a key of the platform's staff may see: what its creator may now.

    A key of staff in a customer's organization sees that organization alone, by the
    session; a key without a creator has no session. Raises Unauthorized without one.
    """
    if key.creator is None or not key.creator.platform_role:
        return ()
    if role in PLATFORM_ROLES:
        return grants.grants_of(key.creator)
    if key.organization.is_operator:
        return ()
    found = grants.grants_of(key.creator, key.organization_id)
    if not found:  # the session ended after the key was read
        raise Unauthorized(_REFUSAL)
    return found


def actor_of_key(plaintext: str) -> Actor:
    """Return the actor of a key, or raise Unauthorized.

    The hashes are computed whether or not the id exists, so that the time of the answer
    does not reveal which ids exist.
    """
    parts = plaintext.split("_", 2)
    key_id = parts[1] if len(parts) == 3 and parts[0] == "sk" else ""
    key = with_creator_role(ApiKey.objects.filter(key_id=key_id)).first()
    expected = key.digest if key else "0" * 64
    current = digests(plaintext)
    matches = [hmac.compare_digest(one, expected) for one in current]
    if not any(matches) or key is None:
        raise Unauthorized(_REFUSAL)
    now = timezone.now()
    role = effective_role(key)
    if role is None or key.revoked_at or is_expired(key, now):
        raise Unauthorized(_REFUSAL)
    _note_use(key, current[0], now)
    ids = key.namespace_ids
    return Actor(
        kind="key",
        id=key.key_id,
        label=_label(key),
        role=role,
        organization_id=key.organization.organization_id,
        internal_id=key.organization.internal_id,
        organization_name=key.organization.name,
        plan=key.organization.plan,
        scopes=frozenset(key.scopes),
        suspension=suspension.reason_of(key.organization),
        grants=_grants_of(key, role),
        holder=str(key.creator_id or key.issuer_id or ""),
        service_account=key.service_account_id or "",
        namespace_ids=None if ids is None else frozenset(ids),
    )


def _label(key: ApiKey) -> str:
    """Return the name of a key for the audit, with its service account."""
    account = key.service_account
    return f"key {key.name}" + (f" of {account.name}" if account else "")


def _note_use(key: ApiKey, current: str, now: datetime) -> None:
    """Write the time of a use, and the hash under the first pepper where it changed."""
    pepper = peppers.names()[0]
    is_old = (key.digest, key.pepper) != (current, pepper)
    is_due = key.last_used_at is None or now - key.last_used_at > _LAST_USED_STEP
    if is_old:
        rows = ApiKey.objects.filter(pk=key.pk, digest=key.digest)
        rows.update(digest=current, pepper=pepper, last_used_at=now)
    elif is_due:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
