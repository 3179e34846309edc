"""The edits of the index page in words: what is added, changed, dropped, and at what
cost."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsadmin.advice.usage import FieldUsage
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.pages.namespace.forms.indexes import IndexesForm
from nsadmin.pages.templatetags.formatting import many, roughly
from nsadmin.plans import rates

Used = Mapping[str, FieldUsage]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of "Your changes".

    `number` is that of a carried edit, `sent` is the edit as the form carries it; a
    drop, a setting and the editor's own edit have none.
    """

    icon: str
    role: str
    verb: str
    field: str = ""
    type: str = ""
    details: str = ""
    number: int | None = None
    sent: str = ""
    faults: tuple[str, ...] = ()


def changes(
    form: IndexesForm, *, snapshot: Snapshot | None, used: Used | None
) -> list[Change]:
    """Return the carried edits, the ticked drops and the setting, in this order."""
    if not form.is_bound:
        return []
    form.is_valid()
    cost = _cost(snapshot) if form.carried else ""
    found = [
        Change(
            icon="pencil" if edit.is_change else "plus",
            role="run" if edit.is_change else "ok",
            verb="Change" if edit.is_change else "Add",
            field=edit.field,
            type=str(edit.schema["type"]),
            details=", ".join(filter(None, [edit.parameters, cost])),
            number=number,
            sent=edit.sent,
            faults=edit.faults,
        )
        for number, edit in enumerate(form.carried)
    ]
    found += [
        Change("trash", "bad", "Drop", field, details=_last_use(field, used))
        for field in form.dropped
    ]
    if form.switch is not None:
        verb = "Turn on" if form.switch else "Turn off"
        found.append(Change("pencil", "run", f"{verb} automatic indexes"))
    return found


def _cost(snapshot: Snapshot | None) -> str:
    """Return how long a build takes by the measured rate; empty if not known."""
    live = snapshot.live if snapshot is not None else None
    seconds = rates.seconds_of_a_build(live.points) if live is not None else None
    return "" if seconds is None else f"builds in {roughly(seconds)}"


def _last_use(field: str, used: Used | None) -> str:
    if used is None:
        return ""
    usage = used.get(field)
    if usage is None:
        return "No filter in 7 days"
    day = many(usage.count_24h, "filter") if usage.count_24h else "No filter"
    return f"{day} in 24 h, {usage.count_7d:,} in 7 days"
