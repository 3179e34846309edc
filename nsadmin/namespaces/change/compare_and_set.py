"""Accepting a plan: one compare-and-set on the document. From there it has happened."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from nsadmin.errors import Unavailable
from nsadmin.namespaces.placement.clusters import collection_key
from nsadmin.namespaces.plan import steps
from nsadmin.namespaces.plan.apply import apply_steps
from nsadmin.namespaces.plan.plan import Plan
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import namespaces as store

_KEPT_CHANGES = 50


def accepted_document(
    namespace: Namespace, plan: Plan, op_id: str, *, sealed: Raw | None = None
) -> Raw:
    """Return the document as the plan makes it, one revision on.

    `changes` names the last operations, so that a sweep can tell an accepted attempt
    from one that never was. `pending` holds the Qdrant steps until they are observed;
    earlier ones that are still open stay before them. `sealed` is a key that the plan
    stores.
    """
    after = apply_steps(namespace.raw, plan.steps, sealed=sealed)
    if plan.moves and "collection_key" in after:
        after["collection_key"] = collection_key(after)
    if "namespace_name" in after:
        after["name_key"] = name_key(after["namespace_name"])
    _count(namespace, after, op_id)
    revision = after["revision"]
    todo = steps.in_qdrant(plan.steps)
    if todo:
        written = [steps.to_json(step) for step in todo]
        waiting = {"op_id": op_id, "revision": revision, "steps": written}
        after["pending"] = [*(after.get("pending") or []), waiting]
        after["observed_revision"] = namespace.observed_revision
    elif not after.get("pending"):
        after["observed_revision"] = revision
    return after


def updated_document(namespace: Namespace, op_id: str, **values: Any) -> Raw:
    """Return the document with top-level values, one revision on; None removes a key.

    For what is no plan: deleting and restoring. What waits for Qdrant goes on waiting.
    """
    gone = {key for key, value in values.items() if value is None}
    after = {k: v for k, v in {**namespace.raw, **values}.items() if k not in gone}
    _count(namespace, after, op_id)
    if not after.get("pending"):
        after["observed_revision"] = after["revision"]
    return after


def _count(namespace: Namespace, after: Raw, op_id: str) -> None:
    """Move the document one revision on and note which operation did that."""
    after["revision"] = namespace.revision + 1
    after["updated_at"] = _later(namespace.updated_at)
    entry = {"op_id": op_id, "revision": after["revision"]}
    after["changes"] = [*(after.get("changes") or []), entry][-_KEPT_CHANGES:]


def _later(before: datetime | None) -> datetime:
    """Return the time to the millisecond, always after the one before."""
    now = timezone.now()
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    if before is not None and now <= before:
        return before + timedelta(milliseconds=1)
    return now


def accept(
    namespace: Namespace, plan: Plan, op_id: str, *, sealed: Raw | None = None
) -> Raw | None:
    """Write the plan's document if nothing moved since it was read; None if it did."""
    after = accepted_document(namespace, plan, op_id, sealed=sealed)
    return after if compare_and_swap(namespace, after, op_id) else None


def compare_and_swap(namespace: Namespace, after: Raw, op_id: str) -> bool:
    """Compare and set; where an answer is lost, the document's list may have it.

    The store writes once more where the connection broke, so a no may be one to the
    second try alone. What is not listed may still arrive, so the failure stands then.
    """
    failure: Unavailable | None = None
    try:
        if store.replace(namespace.raw, after):
            return True
    except Unavailable as silence:
        failure = silence
    raw = store.get(namespace.namespace_id)
    if raw is not None and document.has_operation(raw, op_id):
        return True
    if failure is not None:
        raise failure
    return False
