"""The hash chain over the audit: each entry contains the hash of the one before.

Every write of an event, its attempt and its outcome, appends an entry to the chain of
its organization. An entry holds an HMAC of the event's content, and its own hash is an
HMAC over its number, the event and the hash before. The key comes from
NSADMIN_KEY_PEPPER, so write access to the database alone cannot forge an entry.
"""

import hmac
import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from nsadmin.audit.models import AuditEvent, ChainEntry, ChainHead

FIRST_PREVIOUS_HASH = "0" * 64


def keyed_hash(text: str) -> str:
    """Return the keyed hash of a text, 64 hexadecimal digits."""
    pepper: str = settings.NSADMIN_KEY_PEPPER
    if not pepper:
        raise ImproperlyConfigured("NSADMIN_KEY_PEPPER keys the audit; it is not set.")
    key = hmac.digest(pepper.encode(), b"nsadmin audit chain", "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def digest(event: AuditEvent) -> str:
    """Return the keyed hash of an event's non-empty columns, as canonical JSON.

    Empty columns are left out, so that a column added later changes no older digest.
    """
    content = {
        field.attname: _plain(value)
        for field in event._meta.concrete_fields  # noqa: SLF001 - Django's own API
        if (value := getattr(event, field.attname)) not in (None, "")
    }
    return keyed_hash(json.dumps(content, sort_keys=True, separators=(",", ":")))


def _plain(value: Any) -> Any:
    return (
        value.astimezone(UTC).isoformat(timespec="microseconds")
        if isinstance(value, datetime)
        else value
    )


def link(organization_id: str, number: int, op_id: str, content: str, last: str) -> str:
    """Return the hash of an entry that follows the hash `last`."""
    return keyed_hash(json.dumps([organization_id, number, op_id, content, last]))


def lock_head(organization_id: str) -> ChainHead:
    """Lock and return the end of an organization's chain, so that writers take turns.

    Needs a transaction. In SQLite the transaction itself holds the write lock; other
    databases lock the row.
    """
    heads = ChainHead.objects.select_for_update()
    head = heads.filter(organization_id=organization_id).first()
    if head is not None:
        return head
    ChainHead.objects.get_or_create(
        organization_id=organization_id, defaults={"hash": FIRST_PREVIOUS_HASH}
    )
    return heads.get(organization_id=organization_id)


def append(head: ChainHead, event: AuditEvent) -> None:
    """Append an entry for the event as it is now, and move the end."""
    number, content = head.number + 1, digest(event)
    written = link(head.organization_id, number, event.op_id, content, head.hash)
    ChainEntry.objects.create(
        organization_id=head.organization_id,
        number=number,
        op_id=event.op_id,
        content=content,
        hash=written,
    )
    head.number, head.hash = number, written
    head.save(update_fields=["number", "hash"])
