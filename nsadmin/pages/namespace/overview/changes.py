"""The last changes of a namespace, each as a title with its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.badges import Badge, outcome_badge
from nsadmin.pages.common.done import audit_address

_NOT_WRITTEN = (Outcome.REFUSED, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class RecentChange:
    """An event in few words; `href` leads to its row in the audit log."""

    event: AuditEvent
    outcome: Badge
    title: str
    href: str


def recent_changes(
    namespace_id: str, events: Sequence[AuditEvent]
) -> list[RecentChange]:
    """Return the events as titles; one that was not written says so first."""
    return [
        RecentChange(
            event=event,
            outcome=outcome_badge(event.outcome, event.error),
            title=_title(event),
            href=audit_address(namespace_id, event.op_id),
        )
        for event in events
    ]


def _title(event: AuditEvent) -> str:
    title = change_titles.title(event.changes) if event.changes else ""
    title = title or event.summary.removesuffix(".")
    if event.outcome in _NOT_WRITTEN:
        return f"{outcome_badge(event.outcome, event.error).word}: {title}"
    return title
