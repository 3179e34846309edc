"""The life of a clone's target: reserved, filled, shown as ready or failed, removed."""

from typing import Any

from nsadmin.errors import Unavailable
from nsadmin.namespaces.read import mirror
from nsadmin.namespaces.schema.document import Raw
from nsadmin.stores.mongo import namespaces as store

_TRIES = 5

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
    for _ in range(_TRIES):
        raw = store.get(namespace_id)
        if raw is None or raw.get("clone_status") != expected:
            return None
        after = {**raw, **{k: v for k, v in values.items() if v is not None}}
        for key in (k for k, v in values.items() if v is None):
            after.pop(key, None)
        after["revision"] = int(raw.get("revision") or 0) + 1
        after["observed_revision"] = after["revision"]
        if store.replace(raw, after):
            mirror.mirror_one(after)
            return after
    raise Unavailable("The namespace changes too fast to record its state.")


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
