"""The life of a clone's target: reserved, filled, shown as ready or failed, removed."""

from typing import Any

from nsadmin.audit import record
from nsadmin.errors import Unavailable
from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    updated_document,
    write_document,
)
from nsadmin.namespaces.read import mirror
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores.mongo import namespaces as store

# Why a clone fails whose source is deleted, whoever notices first.
SOURCE_GONE = "The source was deleted while it was copied."


def reserve(raw: Raw) -> None:
    """Insert a new namespace document; raise Conflict if its name or id is taken."""
    store.insert(raw)
    mirror.mirror_one(raw)


def set_clone_status(namespace_id: str, *, expected: str, **values: Any) -> Raw | None:
    """Give `clone_status` and other keys new values while it still is `expected`.

    A value of None removes its key. Returns the new document, None if it moved on.
    """

    def read() -> Namespace | None:
        raw = store.get(namespace_id)
        return document.read(raw) if raw is not None else None

    def change(namespace: Namespace) -> Raw | None:
        if namespace.raw.get("clone_status") != expected:
            return None
        return updated_document(namespace, record.new_op_id(), **values)

    try:
        after = write_document(read, change)
    except TooManyWriters as busy:  # a job tries again once a store is available
        raise Unavailable(busy.message) from busy
    if after is not None:
        mirror.mirror_one(after)
    return after


def ready(namespace_id: str) -> Raw | None:
    """Show a clone's target as ready; only after its proof."""
    return set_clone_status(namespace_id, expected="cloning", clone_status="ready")


def fail(namespace_id: str, error: str) -> Raw | None:
    """Show a clone's target as failed, with the reason kept beside it."""
    return set_clone_status(
        namespace_id,
        expected="cloning",
        clone_status="failed",
        clone_error=error[:1000],
    )


def resume(namespace_id: str) -> Raw | None:
    """Show a failed clone's target as being cloned again."""
    return set_clone_status(
        namespace_id, expected="failed", clone_status="cloning", clone_error=None
    )


def remove(namespace_id: str) -> bool:
    """Delete a namespace's document, last of all that belongs to it."""
    raw = store.get(namespace_id)
    gone = raw is None or store.delete(
        namespace_id, revision=int(raw.get("revision") or 0)
    )
    if gone:
        mirror.forget(namespace_id)
    return gone
