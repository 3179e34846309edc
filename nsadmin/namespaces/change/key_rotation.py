"""Resealing every stored Qdrant key with the current seal key.

Each document is written on its own by compare-and-set, so an interrupted rotation can
be started again and continues with the remaining keys. The old seal key must stay
configured until none is left.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from operator import itemgetter
from typing import Final

from django.utils import timezone

from nsadmin.errors import Conflict, Invalid, Unavailable
from nsadmin.jobs import items
from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    read_stored,
    write_document,
)
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.namespaces.schema.moving import (
    infrastructures,
    replaced,
    with_infrastructure,
)
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.seal import current_key_id, seal

# The name of the loop in the rows of failing items.
LOOP: Final = "key_rotation"


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
    """Reseal at most `limit` keys; keys with the current seal key are left alone.

    A key that cannot be resealed is counted and recorded at its namespace.
    """
    counts, current = Rotation(), current_key_id()

    def rotate_one(raw: Raw) -> None:
        boxes = sum(_box(found) is not None for _, found in infrastructures(raw))
        if not boxes:
            return
        try:
            rotated = _rotate_one(raw["_id"], current)
        except TooManyWriters:
            counts.moved += 1
            raise
        counts.rotated += rotated
        counts.current += boxes - rotated

    tally = items.each(
        LOOP,
        takewhile(lambda _: limit is None or counts.rotated < limit, store.every()),
        rotate_one,
        key=itemgetter("_id"),
        is_complete=limit is None,
    )
    counts.unreadable = tally.failed - counts.moved
    return counts


def _box(infrastructure: Raw) -> Raw | None:
    box = infrastructure.get(SEALED_FIELD)
    return box if isinstance(box, dict) else None


def _rotate_one(namespace_id: str, current: str) -> int:
    """Reseal the keys of one document that are not sealed with the current seal key.

    A document has several while the namespace moves, and as long as it may move back.
    Returns how many. Raises Conflict if a key does not open, TooManyWriters if others
    keep writing.
    """
    rotated = 0

    def change(namespace: Namespace) -> Raw | None:
        nonlocal rotated
        after, rotated = namespace.raw, 0
        for path, found in infrastructures(namespace.raw):
            box = _box(found)
            if box is not None and box.get("kid") != current:
                placed = with_infrastructure(namespace, found)
                after = replaced(after, path, {**found, **_resealed(placed, box)})
                rotated += 1
        return _written_later(namespace, after) if rotated else None

    return rotated if write_document(lambda: read_stored(namespace_id), change) else 0


def _resealed(namespace: Namespace, box: Raw) -> Raw:
    """Return the key of a namespace, sealed with the current seal key."""
    try:
        key = clusters.stored_key(namespace)
    except (Invalid, Unavailable):
        raise _unreadable() from None
    if key is None:
        raise _unreadable()
    url = namespace.infrastructure["qdrant_url"]
    return {SEALED_FIELD: {**box, **seal(key, clusters.binding_of(namespace, url))}}


def _written_later(namespace: Namespace, after: Raw) -> Raw:
    """Return the document with a later time of its last change."""
    # The revision stays, because the namespace has not changed; but a writer that has
    # read the document before this must not write the old seal again.
    if namespace.raw.get("updated_at") is not None:
        return {**after, "updated_at": _moved_on(namespace.updated_at)}
    return after


def _moved_on(before: datetime | None) -> datetime:
    """Return another time, a little later; now for a time that cannot be read."""
    if before is not None:
        return before + timedelta(milliseconds=1)
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _unreadable() -> Conflict:
    return Conflict(
        "Its Qdrant key does not open with any configured seal key, or has no address. "
        "Enter the key again.",
        code="key_unreadable",
    )
