"""What others changed since a plan was made: their changes, and conflicts of edits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from django.http import HttpRequest

from nsadmin.access.web.gate import actor_of
from nsadmin.audit.models import WRITTEN, AuditEvent
from nsadmin.errors import NsadminError
from nsadmin.namespaces.plan.merge import INDEX, Contest
from nsadmin.namespaces.plan.steps import format_parameters
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.done import audit_address
from nsadmin.pages.common.forms.base import EditConflict
from nsadmin.plans.forms import Input
from nsadmin.plans.models import SavedPlan

# Among this many events the author of a value is looked for.
_LATEST: Final = 50
_MOST_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Told:
    """A change of the namespace since the plan was made, in words."""

    event: AuditEvent
    words: str

    @property
    def address(self) -> str:
        """The address of its row in the audit log."""
        return audit_address(self.event.namespace_id, self.event.op_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """A conflict with the change that brought the other value, if it is known."""

    conflict: EditConflict
    event: AuditEvent | None


def as_conflicts(
    contests: Iterable[Contest], answers: Input
) -> tuple[EditConflict, ...]:
    """Return the conflicts of a plan without a form, with the choices made so far."""
    return tuple(
        EditConflict(
            key=contest.key,
            label=_label(contest.key),
            theirs=_text(contest.key, contest.theirs),
            mine=_text(contest.key, contest.mine),
            opened=_text(contest.key, contest.before),
            choice=(answers.get(f"keep-{contest.key}") or [""])[-1],
        )
        for contest in contests
    )


def _label(key: str) -> str:
    if key.startswith(INDEX):
        return f"the index on {key.removeprefix(INDEX)}"
    return change_titles.WITHIN.get(key) or change_titles.field_word(key)


def _text(key: str, value: Any) -> str:
    if key.startswith(INDEX):
        if not isinstance(value, dict):
            return f"No index on {key.removeprefix(INDEX)}"
        return ", ".join(filter(None, [str(value["type"]), format_parameters(value)]))
    if isinstance(value, bool):
        return "On" if value else "Off"
    return "Empty" if value in (None, "") else str(value)


def latest(request: HttpRequest, view: NamespaceView) -> list[AuditEvent]:
    """Return the last written changes of the namespace; none that may not be read."""
    try:
        found = queries.audit_of(actor_of(request), view, limit=_LATEST)
    except NsadminError:
        return []
    return [event for event in found if event.outcome in WRITTEN]


def since(events: Sequence[AuditEvent], saved: SavedPlan) -> list[Told]:
    """Return the changes since the plan was made, the latest first."""
    found = (_told(event) for event in events if event.at >= saved.made_at)
    return list(islice(found, _MOST_TOLD))


def since_revision(events: Sequence[AuditEvent], revision: int) -> list[Told]:
    """Return the changes after a revision, the latest first."""
    return [_told(event) for event in events if (event.revision or 0) > revision]


def _told(event: AuditEvent) -> Told:
    return Told(event, change_titles.title(event.changes) or event.summary.rstrip("."))


def with_authors(
    conflicts: Iterable[EditConflict], events: Sequence[AuditEvent]
) -> list[Shown]:
    """Return each conflict with the last change of its value."""
    return [
        Shown(conflict, next((e for e in events if _changes(e, conflict.key)), None))
        for conflict in conflicts
    ]


def _changes(event: AuditEvent, key: str) -> bool:
    """Tell whether the event changed the value of a conflict."""
    field, is_index = key.removeprefix(INDEX), key.startswith(INDEX)
    fields = (field,) if is_index else (field, f"infrastructure.{field}")
    return any(
        change.get("field") in fields
        and str(change.get("kind", "")).endswith("_index") == is_index
        for change in event.changes
        if isinstance(change, dict)
    )
