"""When indexes were built, to tell filters before a build from those after it."""

from datetime import datetime
from typing import Final

from nsadmin.audit.models import WRITTEN, AuditEvent

# A namespace with more changes in a day has its latest ones read.
_MOST_EVENTS: Final = 500


def built_since(namespace_id: str, since: datetime) -> dict[str, datetime]:
    """Return {field: when its index was built} of the builds since a time."""
    rows = (
        AuditEvent.objects.filter(
            namespace_id=namespace_id,
            at__gte=since,
            outcome__in=WRITTEN,
        )
        .order_by("-at")
        .values_list("changes", "closed_at", "at")[:_MOST_EVENTS]
    )
    found: dict[str, datetime] = {}
    for changes, closed_at, at in reversed(rows):
        steps = [step for step in changes or [] if isinstance(step, dict)]
        for step in steps:
            field = str(step.get("field", ""))
            if step.get("kind") == "create_index":
                found[field] = closed_at or at
            elif step.get("kind") == "drop_index":
                found.pop(field, None)
    return found
