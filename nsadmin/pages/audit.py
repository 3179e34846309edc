"""The audit trail of a namespace, newest first."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces import queries
from nsadmin.pages.htmx import page
from nsadmin.pages.paging import PER_PAGE
from nsadmin.pages.scope import namespace_scope
from nsadmin.pages.states import OUTCOMES, Shown


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One step of an event: its sentence, and old and new text where there is any."""

    sentence: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """An event as its row shows it."""

    event: AuditEvent
    outcome: Shown
    changes: list[ShownChange]


@gate.page(Action.AUDIT_READ)
@require_safe
def audit(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show who did what, from which values to which, and how it ended."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    given = request.GET.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() else None
    found = queries.audit_of(actor, view, limit=PER_PAGE + 1, before=before)
    context = {
        **namespace_scope(view),
        "events": [_shown(event) for event in found[:PER_PAGE]],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "is_first": before is None,
    }
    return page(request, "namespaces/audit.html", context)


def _shown(event: AuditEvent) -> ShownEvent:
    changes = [_change(entry) for entry in event.changes if isinstance(entry, dict)]
    return ShownEvent(event, OUTCOMES[event.outcome], changes)


def _change(entry: dict[str, Any]) -> ShownChange:
    before, after = entry.get("before"), entry.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [
            key for key in {**before, **after} if before.get(key) != after.get(key)
        ]
        before, after = _pairs(before, changed), _pairs(after, changed)
    has_texts = isinstance(before, str) or isinstance(after, str)
    return ShownChange(
        sentence=str(entry.get("sentence") or entry.get("field") or ""),
        before=str(before or "nothing") if has_texts else "",
        after=str(after or "nothing") if has_texts else "",
    )


def _pairs(values: dict[str, Any], keys: list[str]) -> str:
    return ", ".join(f"{key} {values[key]}" for key in keys if key in values)
