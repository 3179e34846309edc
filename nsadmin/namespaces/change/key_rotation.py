"""Sealing every stored key anew with the current seal key, one document at a time.

Each document is written by itself, if it did not move meanwhile, so a rotation that is
killed has done what it has done and the next one goes on from there. The old seal key
has to stay configured until nothing is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from nsadmin.errors import Invalid, Unavailable
from nsadmin.namespaces.change.compare_and_set import TooManyWriters, write_document
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.seal import current_key_id, seal


@dataclass(slots=True)
class Rotation:
    """How many keys were sealed anew, were so already, did not open, kept moving."""

    rotated: int = 0
    current: int = 0
    unreadable: int = 0
    moved: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every stored key is sealed with the current seal key."""
        return not self.unreadable and not self.moved


def rotate(*, limit: int | None = None) -> Rotation:
    """Seal at most `limit` keys anew; a second run after the last changes nothing."""
    counts, current = Rotation(), current_key_id()
    for namespace_id in _sealed():
        if limit is not None and counts.rotated >= limit:
            break
        word = _rotate_one(namespace_id, current)
        setattr(counts, word, getattr(counts, word) + 1)
    return counts


def _sealed() -> Iterator[str]:
    for raw in store.every():
        if _box(raw):
            yield raw["_id"]


def _box(raw: Raw) -> Raw | None:
    found = (raw.get("infrastructure") or {}).get(SEALED_FIELD)
    return found if isinstance(found, dict) else None


class _UnreadableKey(Exception):
    """The stored key does not open, or has no address."""


def _rotate_one(namespace_id: str, current: str) -> str:
    """Seal one document's key anew; return the count of Rotation that it belongs to."""

    def read() -> Namespace | None:
        raw = store.get(namespace_id)
        return document.read(raw) if raw is not None else None

    def change(namespace: Namespace) -> Raw | None:
        box = _box(namespace.raw)
        if box is None or box.get("kid") == current:
            return None
        return _resealed(namespace, box)

    try:
        return "rotated" if write_document(read, change) else "current"
    except _UnreadableKey:
        return "unreadable"
    except TooManyWriters:
        return "moved"


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
    # No revision of its own, for the namespace has not changed; but a writer that read
    # the document before must not put the older seal back.
    if namespace.updated_at is not None:
        after["updated_at"] = namespace.updated_at + timedelta(milliseconds=1)
    return after
