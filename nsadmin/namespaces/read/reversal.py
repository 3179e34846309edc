"""Which audit events can be reverted."""

from nsadmin.access.permissions import Action
from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan.revert import revert_of
from nsadmin.namespaces.schema.document import Namespace


def needed_action(event: AuditEvent, namespace: Namespace) -> Action | None:
    """Return the permission that reverting the event needs; None if it cannot be.

    It can be if it is a written change, its steps have an inverse, and no later change
    has set the same values to something else.
    """
    if not search.is_written_update(event):
        return None
    try:
        revert = revert_of(event.op_id, event.changes)
        plan = revert.plan(namespace, None)
    except (Invalid, Conflict, KeyError, TypeError):
        return None  # the last two: steps of an older version
    return None if plan.is_empty else revert.action
