"""Writing a namespace's document: the only compare-and-set loop, and new versions.

A document is read, changed, and written only if it has not changed since it was read.
All updates of documents use `write_document`; `lifecycle` inserts new documents.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, overload

from nsadmin.audit import clock
from nsadmin.errors import Conflict, Unavailable
from nsadmin.namespaces.placement.clusters import collection_key
from nsadmin.namespaces.plan.plan import Plan, apply_steps
from nsadmin.namespaces.plan.readable import require_readable
from nsadmin.namespaces.plan.steps import in_qdrant
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import namespaces as store

TRIES = 10
_KEPT_CHANGES = 50


class TooManyWriters(Conflict):
    """Other writers changed the document during each try."""

    default_code = "too_many_writers"

    def __init__(self) -> None:
        super().__init__(
            "Others keep changing this namespace at the same time. Try again."
        )


class Stored(Protocol):
    """An object that holds a stored document."""

    @property
    def raw(self) -> Raw:
        """The stored document."""


T = TypeVar("T", bound=Stored)


@overload
def write_document(
    read: Callable[[], T],
    change: Callable[[T], Raw],
    *,
    first: T | None = None,
    op_id: str = "",
    tries: int = TRIES,
) -> Raw: ...


@overload
def write_document(
    read: Callable[[], T | None],
    change: Callable[[T], Raw | None],
    *,
    first: T | None = None,
    op_id: str = "",
    tries: int = TRIES,
) -> Raw | None: ...


def write_document(
    read: Callable[[], T | None],
    change: Callable[[T], Raw | None],
    *,
    first: T | None = None,
    op_id: str = "",
    tries: int = TRIES,
) -> Raw | None:
    """Read, change, compare and set, repeated while others write.

    `read` returns the stored object, None if it no longer exists; `first` replaces the
    first read. `change` returns the new document, None to write nothing; both may
    raise. `op_id` is the operation that the new document lists, if any: if the store's
    answer is lost, it shows whether the document was written.

    Returns the written document, None if nothing was written. Raises TooManyWriters
    after `tries`, and Conflict for a document of which it cannot be read whether it
    may be written.
    """
    for number in range(tries):
        stored = first if number == 0 and first is not None else read()
        if stored is not None:
            require_readable(document.read(stored.raw))
        after = change(stored) if stored is not None else None
        if stored is None or after is None:
            return None
        if _compare_and_set(stored.raw, after, op_id):
            return after
    raise TooManyWriters


def read_stored(namespace_id: str) -> Namespace | None:
    """Return the namespace as it is stored now, None if it is gone: a plain `read`."""
    raw = store.get(namespace_id)
    return document.read(raw) if raw is not None else None


def _compare_and_set(before: Raw, after: Raw, op_id: str) -> bool:
    """Write `after` if the stored document still is `before`; False if it changed.

    The driver repeats a write once if the connection broke, so that a negative answer
    may be about the repeated write only. A write whose `op_id` is not stored yet may
    still arrive, so an Unavailable error is raised again in that case.
    """
    failure: Unavailable | None = None
    try:
        if store.replace(before, after):
            return True
    except Unavailable as error:
        failure = error
    if op_id:
        stored = store.get(before["_id"])
        if stored is not None and document.has_operation(stored, op_id):
            return True
    if failure is not None:
        raise failure
    return False


def accepted_document(
    namespace: Namespace, plan: Plan, op_id: str, *, sealed: Raw | None = None
) -> Raw:
    """Return the next revision of the document, with the plan applied.

    `changes` lists the last operations, so that the recovery sweep can distinguish an
    accepted attempt from one that was never written. `pending` holds the Qdrant steps
    until they are observed; earlier open steps stay before them. `sealed` is a key that
    the plan stores.
    """
    after = apply_steps(namespace.raw, plan.steps, sealed=sealed)
    if plan.moves and "collection_key" in after:
        after["collection_key"] = collection_key(after)
    if isinstance(after.get("namespace_name"), str):
        after["name_key"] = name_key(after["namespace_name"])
    _advance_revision(namespace, after, op_id)
    revision = after["revision"]
    steps = [step.to_json() for step in in_qdrant(plan.steps)]
    if steps:
        waiting = {"op_id": op_id, "revision": revision, "steps": steps}
        after["pending"] = [*(after.get("pending") or []), waiting]
        after["observed_revision"] = namespace.observed_revision
    elif not after.get("pending"):
        after["observed_revision"] = revision
    return after


def updated_document(namespace: Namespace, op_id: str, **values: Any) -> Raw:
    """Return the next revision of the document with new values; None removes a key.

    For changes without a plan, such as deleting and restoring. Pending Qdrant steps
    stay pending.
    """
    removed = {key for key, value in values.items() if value is None}
    after = {k: v for k, v in {**namespace.raw, **values}.items() if k not in removed}
    _advance_revision(namespace, after, op_id)
    if not after.get("pending"):
        after["observed_revision"] = after["revision"]
    return after


def _advance_revision(namespace: Namespace, after: Raw, op_id: str) -> None:
    """Increment the revision, set the time, and list the operation in `changes`."""
    after["revision"] = namespace.revision + 1
    after["updated_at"] = _later(namespace.updated_at)
    entry = {"op_id": op_id, "revision": after["revision"]}
    after["changes"] = [*(after.get("changes") or []), entry][-_KEPT_CHANGES:]


def _later(before: datetime | None) -> datetime:
    """Return the time in milliseconds, always later than `before`."""
    now = clock.now()
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    if before is not None and now <= before:
        return before + timedelta(milliseconds=1)
    return now
