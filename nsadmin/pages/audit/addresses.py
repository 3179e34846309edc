"""To whom the address is shown that an event was sent from."""

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.audit.models import AuditEvent


def address_of(actor: Actor, event: AuditEvent) -> str:
    """Return the sender's IP address; empty for an actor who may not see it.

    Each member reads the audit of a namespace, also that of a system namespace, which
    has events of the operator's staff. The address tells more of a person than the rest
    of an event, so it is for those who may read the audit of the event's organization.
    """
    if not actor.may(Action.ORGANIZATION_AUDIT):
        return ""
    known = actor.visible_organization_ids
    is_visible = known is None or event.organization_id in known
    return event.client_address if is_visible else ""
