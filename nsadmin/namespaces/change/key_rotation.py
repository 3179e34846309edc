"""Resealing every stored Qdrant key with the current seal key.

Each document is written on its own by compare-and-set, so an interrupted rotation can
be started again and continues with the remaining keys. The old seal key must stay
configured until none is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from nsadmin.errors import Conflict, Invalid, Unavailable
from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    read_stored,
    write_document,
)
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.seal import current_key_id, seal


@dataclass(slots=True)
class Rotation:
    """Counts of keys: resealed, already current, unreadable, document kept changing."""

    rotated: int = 0
    current: int = 0
    unreadable: int = 0
    moved: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every stored key is sealed with the current seal key."""
        return not self.unreadable and not self.moved


def rotate(*, limit: int | None = None) -> Rotation:
    """Reseal at most `limit` keys; keys with the current seal key are left alone."""
    counts, current = Rotation(), current_key_id()
    for namespace_id in _ids_with_key():
        if limit is not None and counts.rotated >= limit:
            break
        count = _rotate_one(namespace_id, current)
        setattr(counts, count, getattr(counts, count) + 1)
    return counts


def _ids_with_key() -> Iterator[str]:
    for raw in store.every():
        if _box(raw):
            yield raw["_id"]


def _box(raw: Raw) -> Raw | None:
    infrastructure = raw.get("infrastructure")
    stored = infrastructure if isinstance(infrastructure, dict) else {}
    box = stored.get(SEALED_FIELD)
    return box if isinstance(box, dict) else None


class _UnreadableKey(Exception):
    """The stored key cannot be unsealed, or has no address."""


def _rotate_one(namespace_id: str, current: str) -> str:
    """Reseal one document's key; return the name of the count in Rotation."""

    def change(namespace: Namespace) -> Raw | None:
        box = _box(namespace.raw)
        if box is None or box.get("kid") == current:
            return None
        return _resealed(namespace, box)

    try:
        return (
            "rotated"
            if write_document(lambda: read_stored(namespace_id), change)
            else "current"
        )
    except _UnreadableKey:
        return "unreadable"
    except TooManyWriters:
        return "moved"
    except Conflict:
        return "unreadable"


def _resealed(namespace: Namespace, box: Raw) -> Raw:
    try:
        key = clusters.stored_key(namespace)
    except (Invalid, Unavailable):
        raise _UnreadableKey from None
    if key is None:
        raise _UnreadableKey
    url = namespace.infrastructure["qdrant_url"]
    sealed = {**box, **seal(key, clusters.binding_of(namespace, url))}
    infrastructure = {**namespace.raw["infrastructure"], SEALED_FIELD: sealed}
    after = {**namespace.raw, "infrastructure": infrastructure}
    # The revision stays, because the namespace has not changed; but a writer that has
    # read the document before this must not write the old seal again.
    if namespace.updated_at is not None:
        after["updated_at"] = namespace.updated_at + timedelta(milliseconds=1)
    return after
