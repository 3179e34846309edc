"""The steps of an audit event with their old and new values in words."""

from dataclasses import dataclass
from typing import Any

from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.plan.steps import changed_parameters
from nsadmin.namespaces.plan.steps.endings import written_time
from nsadmin.pages.common.badges import TIERS
from nsadmin.pages.common.change_titles import field_word
from nsadmin.pages.templatetags.formatting import role_word, setting


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One step of an event: its sentence, with the old and new text if there is any.

    `label` names what these texts are; empty where the sentence is enough.
    """

    sentence: str
    before: str
    after: str
    label: str = ""


def changes_of(event: AuditEvent) -> list[ChangeView]:
    """Return the steps of an event; a rebuilt index has its changed parameters."""
    found: list[ChangeView] = []
    dropped: dict[str, dict[str, Any]] = {}
    for entry in event.changes:
        if not isinstance(entry, dict):
            continue
        kind, field, schema = (entry.get(k) for k in ("kind", "field", "schema"))
        change = _change(entry)
        if kind == "drop_index" and field and schema:
            dropped[field] = schema
        elif kind == "create_index" and field in dropped and schema:
            old, new = changed_parameters(dropped[field], schema)
            change = ChangeView(change.sentence, old, new, "Parameters")
        found.append(change)
    return found


def _change(entry: dict[str, Any]) -> ChangeView:
    before, after = entry.get("before"), entry.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        changed = [
            key for key in {**before, **after} if before.get(key) != after.get(key)
        ]
        before, after = _pairs(before, changed), _pairs(after, changed)
    sentence = str(entry.get("sentence") or entry.get("field") or "")
    has_texts = isinstance(before, str) or isinstance(after, str)
    # A value that is new stands in the sentence, as the name of a new namespace.
    if not has_texts or (not before and after and str(after) in sentence):
        return ChangeView(sentence, "", "")
    before, after = _written(entry, before), _written(entry, after)
    return ChangeView(sentence, before, after, _label(entry))


def _label(entry: dict[str, Any]) -> str:
    """Return what the values of a change are, in words."""
    field = str(entry.get("field") or "")
    if entry.get("kind") == "set_expiry":
        return "Expiry"
    return "Role" if field.startswith("member ") else field_word(field)


def _written(entry: dict[str, Any], value: Any) -> str:
    """Return the old or new value of a change in words."""
    text, field = str(value or ""), str(entry.get("field") or "")
    if not text:
        return "not set"
    if entry.get("kind") == "set_expiry":
        return written_time(text)
    if field == "infrastructure.compute_tier":
        return TIERS.get(text, ("", text))[1]
    return role_word(text) if field.startswith("member ") else text


def _pairs(values: dict[str, Any], keys: list[str]) -> str:
    return ", ".join(
        f"{key.replace('_', ' ')} {setting(values[key])}"
        for key in keys
        if key in values
    )
