"""Which audit events can be reverted."""

from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.revert import revert_of


def is_reversible(event: AuditEvent) -> bool:
    """Return whether the event is a written change whose steps have an inverse."""
    if not search.is_written_update(event):
        return False
    try:
        revert_of(event.op_id, event.changes)
    except Invalid:
        return False
    return True
