"""Changing a document's top-level values, where there is no plan to show before.

Deleting, restoring, warning, extending: audit the attempt, compare and set, mirror,
audit the outcome. The first writer wins.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.change.compare_and_set import updated_document, write_document
from nsadmin.namespaces.plan.steps import SetField
from nsadmin.namespaces.read import mirror, queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw

Values = dict[str, Any]


@contextmanager
def closing_refused(op_id: str) -> Iterator[None]:
    """Close the attempt as refused where the block raises, if it was recorded.

    While a store is away it is open whether the document was written: the attempt stays
    open, and the recovery sweep finds out.
    """
    try:
        yield
    except Unavailable:
        raise
    except NsadminError as refusal:
        record.close(op_id, Outcome.REFUSED, error=refusal.message)
        raise


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

    `values` is called with what was read just now and refuses by raising. `{}` in the
    summary is the namespace's name; `shown` names a value whose old and new the audit
    keeps. Raises Conflict where others write without end, and what `read` raises.
    """
    op_id = record.new_op_id()

    def change(view: NamespaceView) -> Raw:
        namespace = view.namespace
        after = updated_document(namespace, op_id, **values(namespace))
        record.attempt(
            op_id=op_id,
            action=action,
            summary=summary.replace("{}", namespace.name),
            actor=actor,
            organization_id=view.organization_id,
            namespace_id=namespace.namespace_id,
            namespace_name=namespace.name,
            revision=after["revision"],
            changes=_changed(namespace.raw, after, shown),
        )
        return after

    with closing_refused(op_id):
        after = write_document(read, change, op_id=op_id)
    mirror.mirror_one(after)
    record.close(op_id, Outcome.DONE)
    return queries.view_of(document.read(after))


def _changed(before: Raw, after: Raw, shown: str) -> list[Raw]:
    if not shown or before.get(shown) == after.get(shown):
        return []
    step = SetField(shown, _text(before.get(shown)), _text(after.get(shown)))
    return [step.public_json()]


def _text(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else value
