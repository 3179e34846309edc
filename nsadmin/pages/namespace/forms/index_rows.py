"""Payload indexes as rows of a form: a field and a type each, some rows blank."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms

from nsadmin.pages.namespace.forms.index_fields import MEANINGS
from nsadmin.pages.templatetags.formatting import parameters

_BLANK = 3
_TYPES = [(name, f"{name}, {meaning}") for name, meaning in MEANINGS.items()]


class Texts(forms.MultipleChoiceField):
    """Several texts with the same name, in order; the plan validates them."""

    widget = forms.MultipleHiddenInput

    def valid_value(self, value: str) -> bool:  # noqa: ARG002
        """Accept every text."""
        return True


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A row from 1; `schema` holds the parameters that the form does not show."""

    number: int
    name: str
    type: str
    schema: str
    faults: list[str] = field(default_factory=list)

    @property
    def types(self) -> Sequence[tuple[str, str, bool]]:
        """Return the types: value, words, is chosen."""
        return [(value, words, value == self.type) for value, words in _TYPES]

    @property
    def known(self) -> dict[str, Any]:
        """Return the sent parameters; empty if they belong to another type."""
        try:
            found = json.loads(self.schema or "{}")
        except ValueError:
            return {}
        is_theirs = isinstance(found, dict) and found.get("type") == self.type
        return found if is_theirs else {}

    @property
    def parameters(self) -> str:
        """Return the parameters as text for people."""
        return parameters(self.known) if self.known else ""


def rows_of(
    form: forms.Form, faults: Mapping[int, list[str]], *, asks_for_more: bool
) -> list[IndexRow]:
    """Return the filled rows of the form, then blank ones."""
    names, types, schemas = (
        list(form[name].value() or [])
        for name in ("index_field", "index_type", "index_schema")
    )
    found: list[IndexRow] = []
    for at, name in enumerate(names):
        if not name.strip():
            continue
        number = len(found) + 1
        found.append(
            IndexRow(
                number=number,
                name=name.strip(),
                type=types[at] if at < len(types) else "keyword",
                schema=schemas[at] if at < len(schemas) else "",
                faults=faults.get(number, []),
            )
        )
    blank = 2 * _BLANK if asks_for_more else _BLANK
    first = len(found) + 1
    return found + [
        IndexRow(number=first + n, name="", type="keyword", schema="")
        for n in range(blank)
    ]


def entry_of_row(row: IndexRow) -> dict[str, Any]:
    """Return the row as an entry of `payload_indexes`."""
    entry: dict[str, Any] = {"field_name": row.name, "type": row.type}
    return {**entry, "field_schema": row.known} if row.known else entry
