"""Which audit events can be reverted."""

from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Invalid
from nsadmin.namespaces.plan.revert import revert_of
from nsadmin.namespaces.schema.document import Namespace


def is_reversible(event: AuditEvent, namespace: Namespace) -> bool:
    """Return whether the event can be reverted in the namespace as it is now.

    It is a written change, its steps have an inverse, and no later change has set the
    same values to something else.
    """
    if not search.is_written_update(event):
        return False
    try:
        plan = revert_of(event.op_id, event.changes).plan(namespace, None)
    except (Invalid, Conflict, KeyError, TypeError):
        return False  # the last two: steps of an older version
    return not plan.is_empty
