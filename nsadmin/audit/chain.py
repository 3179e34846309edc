"""The hash chain over the audit: each entry contains the hash of the one before.

Every write of an event, its attempt and its outcome, appends an entry to the chain of
its organization. An entry holds an HMAC of the event's content, and its own hash is an
HMAC over its number, the event and the hash before. The key comes from
NSADMIN_KEY_PEPPER, so write access to the database alone cannot forge an entry. New
entries are under the first pepper; an older one verifies under the pepper that it was
written with, as long as that is configured.
"""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from nsadmin.audit.models import AuditEvent, ChainEntry, ChainHead
from nsadmin.stores import peppers

FIRST_PREVIOUS_HASH = "0" * 64
_PURPOSE: Final = b"nsadmin audit chain"


def keyed_hash(text: str) -> str:
    """Return the keyed hash of a text, 64 hexadecimal digits."""
    return peppers.keyed_hash(text, purpose=_PURPOSE)


def is_hash_of(text: str, known: str) -> bool:
    """Tell whether `known` is the hash of a text, under any of the peppers."""
    return known in peppers.hashes(text, purpose=_PURPOSE)


def content_of(event: AuditEvent, *, without: Collection[str] = ()) -> str:
    """Return an event's non-empty columns as canonical JSON, but those of `without`.

    Empty columns are left out, so that a column added later changes no older digest.
    """
    content = {
        field.attname: _plain(value)
        for field in event._meta.concrete_fields  # noqa: SLF001 - Django's own API
        if field.attname not in without
        and (value := getattr(event, field.attname)) not in (None, "")
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def digest(event: AuditEvent) -> str:
    """Return the keyed hash of an event's content."""
    return keyed_hash(content_of(event))


def _plain(value: Any) -> Any:
    return (
        value.astimezone(UTC).isoformat(timespec="microseconds")
        if isinstance(value, datetime)
        else value
    )


def place_of(
    organization_id: str, number: int, op_id: str, content: str, last: str
) -> str:
    """Return the text of an entry that follows the hash `last`."""
    return json.dumps([organization_id, number, op_id, content, last])


def link(organization_id: str, number: int, op_id: str, content: str, last: str) -> str:
    """Return the hash of an entry that follows the hash `last`."""
    return keyed_hash(place_of(organization_id, number, op_id, content, last))


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
