"""The edits of payload indexes that a form carries until they become a plan."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.steps import format_parameters
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.index_parameters import FURTHER_PARAMETERS, OFF, is_off
from nsadmin.namespaces.schema.limits import FIELD_NAME_MAX, MAX_INDEXES

# The longest text of an edit: stopwords need the most.
_LONGEST: Final = 100_000
_UNREADABLE = "One of your changes could not be read. Make it again."


@dataclass(frozen=True, slots=True)
class IndexEdit:
    """An index to add, or with `is_change` one to replace.

    `schema` has the type and the parameters that are neither default nor off.
    """

    field: str
    schema: Raw
    is_change: bool
    faults: tuple[str, ...] = ()

    @property
    def sent(self) -> str:
        """The edit as its form carries it."""
        return json.dumps([self.field, self.schema, self.is_change])

    @property
    def parameters(self) -> str:
        """The parameters as text for people."""
        return format_parameters(self.schema)

    def entry(self, namespace: Namespace) -> Raw:
        """Return the entry of PATCH.

        A parameter that is stored and not in the edit is turned off, where this
        program knows it; all others of the stored index are kept.
        """
        stored = {i.field_name: i.schema for i in namespace.indexes}.get(self.field, {})
        kind = self.schema["type"]
        off = {
            key: OFF[key]
            for key in FURTHER_PARAMETERS.get(kind, {})
            if stored.get("type") == kind
            and key not in self.schema
            and not is_off(key, stored.get(key))
        }
        schema = {**off, **self.schema}
        return {"field_name": self.field, "type": kind, "field_schema": schema}


def read_edits(texts: Sequence[str]) -> list[IndexEdit]:
    """Return the edits that a form carries. Raises Invalid for other texts."""
    if len(texts) > MAX_INDEXES:
        raise Invalid.at("edit", f"At most {MAX_INDEXES} changes fit into one plan.")
    return [_read(text) for text in texts]


def _read(text: str) -> IndexEdit:
    try:
        found: Any = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        found = None
    match found:
        case [str(field), {"type": str(), **_rest}, bool(is_change)] if (
            0 < len(field) <= FIELD_NAME_MAX
        ):
            return IndexEdit(field, found[1], is_change)
    raise Invalid.at("edit", _UNREADABLE)


def with_fault(edits: Iterable[IndexEdit], number: int, fault: str) -> list[IndexEdit]:
    """Return the edits, with an error at the one of this number."""
    return [
        replace(edit, faults=(*edit.faults, fault)) if n == number else edit
        for n, edit in enumerate(edits)
    ]
