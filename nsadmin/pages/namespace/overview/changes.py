"""The last changes of a namespace, each as a title with its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsadmin.audit import search
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
    resumed_by = search.resumed_by(events)
    badges = [
        outcome_badge(e.outcome, e.error, is_resumed=e.op_id in resumed_by)
        for e in events
    ]
    return [
        RecentChange(
            event=event,
            outcome=badge,
            title=_title(event, badge),
            href=audit_address(namespace_id, event.op_id),
        )
        for event, badge in zip(events, badges, strict=True)
    ]


def _title(event: AuditEvent, outcome: Badge) -> str:
    title = change_titles.title(event.changes) if event.changes else ""
    title = title or event.summary.removesuffix(".")
    if event.outcome in _NOT_WRITTEN:
        return f"{outcome.word}: {title}"
    return title
