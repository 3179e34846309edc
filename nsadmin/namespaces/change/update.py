"""Changing top-level values of a document without a plan.

For deleting, restoring, warning and extending: record the attempt in the audit, compare
and set, mirror, record the outcome. The first writer wins.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nsadmin.access.actor import Actor
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.change.compare_and_set import updated_document, write_document
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.plan.steps import Step
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw

Values = dict[str, Any]


@contextmanager
def closing_refused(op_id: str) -> Iterator[None]:
    """Close the attempt as refused if the block raises and it was recorded.

    While a store is unavailable it is not known whether the document was written: the
    attempt stays open for the recovery sweep.
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
    *,
    action: str,
    summary: str,
    step: Callable[[Namespace], Step] | None = None,
    reverts: str = "",
    op_id: str | None = None,
) -> NamespaceView:
    """Set values of the document, None to remove a key; return the new namespace.

    `values` returns them for the namespace that was just read, or raises to refuse.
    `{}` in the summary becomes the namespace's name; the audit keeps the change as the
    step that `step` returns; `reverts` is the operation that it reverts. `op_id` is a
    new id of the operation that the caller has written down. Raises TooManyWriters, and
    what `read` raises.
    """
    own_id = op_id or record.new_op_id()

    def change(view: NamespaceView) -> Raw:
        namespace = view.namespace
        after = updated_document(namespace, own_id, **values(namespace))
        record.attempt(
            op_id=own_id,
            action=action,
            summary=summary.replace("{}", namespace.name),
            actor=actor,
            organization_id=view.organization_id,
            namespace_id=namespace.namespace_id,
            namespace_name=namespace.name,
            revision=after["revision"],
            changes=[step(namespace).public_json()] if step else [],
            reverts=reverts,
        )
        return after

    with closing_refused(own_id):
        after = write_document(read, change, op_id=own_id)
    mirror.mirror_one(after)
    record.close(own_id, Outcome.DONE)
    return queries.view_of(document.read(after))
