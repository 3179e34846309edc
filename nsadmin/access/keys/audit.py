"""Audit events about API keys and service accounts."""

from nsadmin.access.actor import Actor
from nsadmin.access.models import ApiKey, ServiceAccount
from nsadmin.audit import record


def record_event(
    actor: Actor,
    about: ApiKey | ServiceAccount,
    action: str,
    summary: str,
    *,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Write an audit event; `before` and `after` describe what changed."""
    field = (
        f"key {about.prefix}…"
        if isinstance(about, ApiKey)
        else f"service account {about.name}"
    )
    change = {"field": field, "before": before, "after": after, "sentence": summary}
    record.record(
        action=action,
        summary=summary,
        actor=actor,
        organization_id=about.organization_id,
        changes=[change],
    )
