"""The document of a clone's target: inserted, marked ready or failed, removed."""

from typing import Any

from nsadmin.audit import record
from nsadmin.errors import Unavailable
from nsadmin.namespaces.change.compare_and_set import (
    TooManyWriters,
    read_stored,
    updated_document,
    write_document,
)
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores.mongo import namespaces as store

# The error of a clone that a person cancelled.
CANCELLED_REASON = "cancelled"
# The error of a clone whose source is deleted; two jobs may report it.
SOURCE_GONE = "The source was deleted during the copy."


def reserve(raw: Raw) -> None:
    """Insert a new namespace document; raise Conflict if its name or id is taken."""
    store.insert(raw)
    mirror.mirror_one(raw)


def set_clone_status(namespace_id: str, *, expected: str, **values: Any) -> Raw | None:
    """Set `clone_status` and other keys if the status still is `expected`.

    A value of None removes its key. Returns the new document, None if the status is
    another one or the document is gone. Raises Unavailable if others keep writing.
    """

    op_id = record.new_op_id()

    def change(namespace: Namespace) -> Raw | None:
        if namespace.raw.get("clone_status") != expected:
            return None
        return updated_document(namespace, op_id, **values)

    try:
        after = write_document(lambda: read_stored(namespace_id), change, op_id=op_id)
    except TooManyWriters as busy:  # a job tries again once a store is available
        raise Unavailable(busy.message) from busy
    if after is not None:
        mirror.mirror_one(after)
    return after


def ready(namespace_id: str) -> Raw | None:
    """Mark a clone's target as ready; only after the copy was verified.

    It is compared with Qdrant soon, as it was not while it was unfinished.
    """
    after = set_clone_status(namespace_id, expected="cloning", clone_status="ready")
    mirror.look_soon(namespace_id)
    return after


def fail(namespace_id: str, error: str) -> Raw | None:
    """Mark a clone's target as failed with the error; its points are counted soon."""
    after = set_clone_status(
        namespace_id,
        expected="cloning",
        clone_status="failed",
        clone_error=error[:1000],
    )
    mirror.look_soon(namespace_id)
    return after


def resume(namespace_id: str) -> Raw | None:
    """Mark a failed clone's target as being cloned again."""
    return set_clone_status(
        namespace_id, expected="failed", clone_status="cloning", clone_error=None
    )


def remove(namespace_id: str) -> bool:
    """Delete the document of a clone's target, after all of its data.

    Returns False if it changed meanwhile.
    """
    raw = store.get(namespace_id)
    is_gone = raw is None or store.delete(
        namespace_id, revision=int(raw.get("revision") or 0)
    )
    if is_gone:
        mirror.forget(namespace_id)
    return is_gone
