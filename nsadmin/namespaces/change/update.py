"""Changing a document's own top-level values, where there is no plan to show before.

Deleting, restoring, warning, extending: audit the attempt, compare and set, mirror,
audit the outcome. Whoever writes first wins.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.namespaces.change.compare_and_set import compare_and_swap, updated_document
from nsadmin.namespaces.plan.steps import SetField
from nsadmin.namespaces.plan.steps import to_json as step_to_json
from nsadmin.namespaces.read import mirror, queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw

_TRIES = 8
Values = dict[str, Any]


def update_document(
    actor: Actor,
    read: Callable[[], NamespaceView],
    values: Callable[[Namespace], Values],
    action: str,
    summary: str,
    *,
    shown: str = "",
) -> NamespaceView:
    """Give the document new values; None removes a key. Return it as it is then.

    `values` is asked of what was read just now and refuses by raising. `{}` in the
    summary is the namespace's name; `shown` names a value whose old and new the audit
    keeps. Raises Conflict where others write without end, and what `read` raises.
    """
    op_id = record.new_op_id()
    attempted = False
    try:
        for _ in range(_TRIES):
            view = read()
            after = updated_document(view.namespace, op_id, **values(view.namespace))
            record.attempt(
                op_id=op_id,
                action=action,
                summary=summary.replace("{}", view.namespace.name),
                actor=actor,
                organization_id=view.organization_id,
                namespace_id=view.namespace.namespace_id,
                namespace_name=view.namespace.name,
                revision=after["revision"],
                changes=_changed(view.namespace.raw, after, shown),
            )
            attempted = True
            if compare_and_swap(view.namespace, after, op_id):
                mirror.mirror_one(after)
                record.close(op_id, Outcome.DONE)
                return queries.view_of(document.read(after))
        raise Conflict(
            "Others keep changing this namespace at the same time. Try again.",
            code="too_many_writers",
        )
    except Unavailable:
        raise  # whether it was written is open, and the sweep finds out
    except NsadminError as refused:
        if attempted:
            record.close(op_id, Outcome.REFUSED, error=refused.message)
        raise


def _changed(before: Raw, after: Raw, shown: str) -> list[Raw]:
    if not shown or before.get(shown) == after.get(shown):
        return []
    step = SetField(shown, _text(before.get(shown)), _text(after.get(shown)))
    return [{**step_to_json(step), "store": step.store, "sentence": step.sentence()}]


def _text(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else value
