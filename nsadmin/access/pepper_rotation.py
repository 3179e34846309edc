"""Rotation of the pepper: chains continue under the first one, keys follow as used.

A key's hash can only be made again when its owner sends the key, so this counts the
keys that wait for it. An entry under the first pepper at the end of every audit chain
fixes all entries before it: after that the older pepper alone forges none of them.
"""

import getpass
import hashlib
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.access.models import ApiKey, Invitation
from nsadmin.audit import record, verify
from nsadmin.audit.record import RecordedActor
from nsadmin.stores import peppers

ACTION = "pepper:rotate"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: chains that got their entry, had it, and are broken."""

    anchored: int
    current: int
    broken: tuple[str, ...]


def rotate() -> Rotation:
    """Append an entry under the first pepper to each intact chain; safe to repeat."""
    anchored, current, broken = 0, 0, []
    for organization_id in verify.organizations():
        op_id = _op_id(organization_id)
        if record.is_known(op_id):
            current += 1
        elif verify.verify(organization_id).faults:
            broken.append(organization_id)
        else:
            anchored += _anchor(op_id, organization_id)
    return Rotation(anchored, current, tuple(broken))


def waiting_keys() -> QuerySet[ApiKey]:
    """Return the valid keys that were not used under the first pepper yet."""
    is_valid = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    keys = ApiKey.objects.filter(is_valid, revoked_at=None)
    return keys.exclude(pepper=peppers.names()[0]).order_by("organization_id", "key_id")


def open_invitations() -> int:
    """Return how many invitations are open; their links may be under any pepper."""
    return Invitation.objects.filter(expires_at__gt=timezone.now()).count()


def _op_id(organization_id: str) -> str:
    """Return the id of an organization's entry, one for each first pepper."""
    text = f"{peppers.names()[0]} {organization_id}"
    return f"op_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _anchor(op_id: str, organization_id: str) -> bool:
    user = getpass.getuser()
    return record.record_once(
        op_id,
        action=ACTION,
        summary=f"The pepper {peppers.names()[0]} keys the audit from here on.",
        actor=RecordedActor("command", "pepper", f"pepper, run by {user}"),
        organization_id=organization_id,
    )
