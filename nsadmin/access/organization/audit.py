"""Audit events about members and invitations."""

from nsadmin.access.models import DeactivatedMember, Invitation, Membership
from nsadmin.audit import record


def record_event(
    actor: record.AuditActor,
    about: Membership | DeactivatedMember | Invitation,
    action: str,
    summary: str,
    *,
    before: str | None = None,
    after: str | None = None,
    op_id: str = "",
) -> None:
    """Write an audit event about a member; `before` and `after` are their roles.

    `op_id` is the unique id of the event, for an operation that must not happen twice.
    """
    email = about.email if isinstance(about, Invitation) else about.user.email
    change = {
        "field": f"member {email}",
        "sentence": summary,
        "before": before,
        "after": after,
    }
    record.record(
        op_id=op_id,
        action=action,
        summary=summary,
        actor=actor,
        organization_id=about.organization_id,
        changes=[change],
    )
