"""Rotation of the seal key: reseal every stored key, one document at a time.

Each document is written on its own, and only if it has not changed in the meantime, so
an interrupted rotation is continued by the next one. The old seal key has to stay
configured until a rotation is complete.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from nsadmin.errors import Invalid, Unavailable
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.plan.infrastructure_steps import SEALED_FIELD
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Raw
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.seal import current_key_id, seal

_TRIES = 5


@dataclass(slots=True)
class Rotation:
    """Counts of a rotation.

    `current` keys had the current seal key already, `unreadable` ones could not be
    unsealed, and the documents of `moved` ones changed during every attempt.
    """

    rotated: int = 0
    current: int = 0
    unreadable: int = 0
    moved: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every stored key is sealed with the current seal key."""
        return not self.unreadable and not self.moved


def rotate(*, limit: int | None = None) -> Rotation:
    """Reseal at most `limit` keys; once all are current, a run changes nothing."""
    counts, current = Rotation(), current_key_id()
    for namespace_id in _ids_with_keys():
        if limit is not None and counts.rotated >= limit:
            break
        outcome = _rotate_one(namespace_id, current)
        setattr(counts, outcome, getattr(counts, outcome) + 1)
    return counts


def _ids_with_keys() -> Iterator[str]:
    for raw in store.every():
        if _stored_seal(raw):
            yield raw["_id"]


def _stored_seal(raw: Raw) -> Raw | None:
    sealed = (raw.get("infrastructure") or {}).get(SEALED_FIELD)
    return sealed if isinstance(sealed, dict) else None


def _rotate_one(namespace_id: str, current: str) -> str:
    """Reseal the key of one document; return the name of the count it belongs to."""
    for _ in range(_TRIES):
        raw = store.get(namespace_id)
        box = _stored_seal(raw) if raw is not None else None
        if raw is None or box is None or box.get("kid") == current:
            return "current"
        namespace = document.read(raw)
        try:
            key = clusters.stored_key(namespace)
        except (Invalid, Unavailable):
            return "unreadable"
        if key is None:
            return "unreadable"
        url = namespace.infrastructure["qdrant_url"]
        sealed = {**box, **seal(key, clusters.binding_of(namespace, url))}
        after = {
            **raw,
            "infrastructure": {**raw["infrastructure"], SEALED_FIELD: sealed},
        }
        # The revision stays, since the namespace itself has not changed. The new time
        # makes a writer that read the old seal fail instead of restoring it.
        if namespace.updated_at is not None:
            after["updated_at"] = namespace.updated_at + timedelta(milliseconds=1)
        if store.replace(raw, after):
            return "rotated"
    return "moved"
