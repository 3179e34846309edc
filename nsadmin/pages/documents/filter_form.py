"""The form of a filter: its rows as typed, what each may ask, what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from nsadmin.documents.fields import Catalogue, Field
from nsadmin.documents.found import Cost
from nsadmin.documents.query.operators import (
    FIELD_TYPES,
    OPERATORS,
    WORDS,
    FieldType,
    Operator,
    hint,
    takes,
)
from nsadmin.documents.query.readings import other_reading
from nsadmin.documents.query.rows import GROUP_WORDS, GROUPS, MAX_CONDITIONS, Group, Row
from nsadmin.errors import Invalid
from nsadmin.pages.documents.address import index_href

GROUP_HINTS: Final[Mapping[Group, str]] = {
    "all": "every condition holds",
    "any": "at least one holds",
    "none": "no condition holds",
}
SOURCES: Final[Mapping[str, str]] = {
    "user": "Yours",
    "auto": "Auto-created",
    "extractor": "Required by extractors",
    "system": "System",
    "undeclared": "Only in Qdrant",
    "sampled": "Seen in documents",
}
# What a refusal says to those who have no link to the form of a new index.
ADD_IT: Final = " Add the index."
# Far more than a condition's number has; Python refuses to read very long ones.
_DIGITS: Final = 4
EVERY_OPERATOR: Final = tuple(dict.fromkeys(o for os in OPERATORS.values() for o in os))


@dataclass(frozen=True, slots=True)
class FormRow:
    """One condition of the form.

    `known` is its field, None for one that is not in the catalogue; `kind` the type
    that the condition is read with, None while no field is chosen. `unserved` says why
    no index serves it, `is_refused` that strict mode therefore refuses it. Without
    `has_fields` nothing is known of any field.
    """

    number: int
    row: Row
    known: Field | None
    kind: FieldType | None
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unserved: str = ""
    is_refused: bool = False
    is_new: bool = False
    index_href: str = ""
    has_fields: bool = True

    @property
    def operators(self) -> list[tuple[str, str, bool]]:
        """The operators that fit: value, words, whether it is chosen."""
        fitting = OPERATORS[self.kind] if self.kind else EVERY_OPERATOR
        found = [(o.value, WORDS[o], o.value == self.row.operator) for o in fitting]
        return found if self.kind else [("", "matches", not self.row.operator), *found]

    @property
    def operator(self) -> Operator | None:
        """The chosen operator, or the first that fits; None without a field."""
        if self.kind is None:
            return None
        chosen = {o.value: o for o in OPERATORS[self.kind]}
        return chosen.get(self.row.operator, OPERATORS[self.kind][0])

    @property
    def takes_value(self) -> bool:
        """Whether there is something to type."""
        return self.operator is None or takes(self.operator) != 0

    @property
    def is_choice(self) -> bool:
        """Whether the value is chosen: true or false."""
        return self.kind == "bool" and self.takes_value

    @property
    def hint(self) -> str:
        """How the value is typed."""
        if self.kind is None or self.operator is None:
            return ""
        told = hint(self.kind, self.operator)
        is_example = takes(self.operator) in (1, None)
        return f"such as {told}" if is_example and told else told

    @property
    def types(self) -> list[tuple[str, str, bool]]:
        """The types to read an unknown field with; none for a known one as it is.

        Each is the value, the words, whether it is chosen.
        """
        is_as_known = self.known is not None and self.kind == self.known.type
        is_plain = not self.has_fields and not self.row.type
        if is_as_known or is_plain or self.kind in (None, "vector"):
            return []
        return [
            (kind, "any type" if kind == "any" else kind, kind == self.kind)
            for kind in FIELD_TYPES
            if kind != "vector"
        ]

    @property
    def reading(self) -> str:
        """How the value of a field of unknown type is read, if in more than one way."""
        if self.kind != "any" or not self.takes_value or not self.row.text.strip():
            return ""
        read = [other_reading(part) for part in self.row.text.split(",")]
        kinds = {
            "true or false" if isinstance(r, bool) else "number"
            for r in read
            if r is not None
        }
        if not kinds:
            return ""
        told = " and as ".join(["text", *sorted(kinds)])
        return f"The type of this field is not known: treated as {told}."

    @property
    def index_words(self) -> str:
        """Whether an index serves it, as the dot before it says; "" if unknown."""
        if self.kind in (None, "vector") or not self.has_fields:
            return ""
        is_served = self.known is not None and self.known.is_indexed
        lacks = bool(self.unserved) or self.is_refused or not is_served
        return "No index" if lacks else "Indexed"

    @property
    def has_elements(self) -> bool:
        """Whether the field is one of the entries of a list."""
        return "[]." in self.row.field

    @property
    def messages(self) -> list[str]:
        """All that is wrong with it."""
        if "operator" in self.errors and self.kind and not self.row.wrong:
            words = WORDS.get(self.row.operator, self.row.operator)  # type: ignore[call-overload]
            if self.kind == "any":
                return [f"“{words}” needs the type of the field. Choose the type."]
            return [f"“{words}” does not fit a {self.kind} field. Choose another."]
        found = [message for messages in self.errors.values() for message in messages]
        return [message.removesuffix(ADD_IT) for message in found]


@dataclass(frozen=True, slots=True)
class FormGroup:
    """The conditions that are joined in one way."""

    key: Group
    title: str
    hint: str
    rows: tuple[FormRow, ...]


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """The fields of one origin, for the list of what can be asked."""

    title: str
    fields: tuple[Field, ...]


def edited(rows: Iterable[Row], *, add: str = "", remove: str = "") -> list[Row]:
    """Return the rows in the order of the form, with one more or one less."""
    ordered = sorted(rows, key=_place)
    number = number_of(remove)
    if number is not None and number < len(ordered):
        del ordered[number]
    if add in GROUPS and len(ordered) < MAX_CONDITIONS:
        ordered = sorted([*ordered, Row("", add)], key=_place)
    return ordered


def number_of(text: str) -> int | None:
    """Return the number of a condition; None for a text that is none."""
    is_number = text.isascii() and text.isdigit() and len(text) < _DIGITS
    return int(text) if is_number else None


def _place(row: Row) -> int:
    known: dict[str, int] = {group: number for number, group in enumerate(GROUPS)}
    return known.get(row.group, 0)


def form_groups(
    rows: Sequence[Row],
    catalogue: Catalogue | None,
    *,
    namespace_id: str,
    invalid: Invalid | None = None,
    cost: Cost | None = None,
    added: str = "",
) -> list[FormGroup]:
    """Return the form; the group `added` to begins its last row with the cursor in it.

    An empty form has one blank row, in the first group.
    """
    rows = rows or [Row("")]
    fields = {f.name: f for f in catalogue.fields} if catalogue else {}
    types = catalogue.types if catalogue else {}
    unserved = {u.number: u.reason for u in cost.unserved} if cost else {}
    is_strict = invalid is not None and invalid.code == "strict_mode"
    newest = max((n for n, r in enumerate(rows) if r.group == added), default=-1)
    shown = [
        FormRow(
            number=number,
            row=row,
            known=fields.get(row.field.strip()),
            kind=_kind(row, types),
            errors=_errors(invalid, number),
            unserved=unserved.get(number, ""),
            is_refused=is_strict and bool(_errors(invalid, number)),
            is_new=number == newest,
            index_href=index_href(namespace_id, row.field),
            has_fields=catalogue is not None,
        )
        for number, row in enumerate(rows)
    ]
    return [
        FormGroup(
            key,
            GROUP_WORDS[key],
            GROUP_HINTS[key],
            tuple(row for row in shown if _place(row.row) == place),
        )
        for place, key in enumerate(GROUPS)
    ]


def _kind(row: Row, types: Mapping[str, FieldType]) -> FieldType | None:
    if row.is_blank:
        return None
    for kind in FIELD_TYPES:
        if kind == row.type:
            return kind
    return types.get(row.field.strip(), "any")


def _errors(invalid: Invalid | None, number: int) -> dict[str, list[str]]:
    """Return what is wrong with one row, by its part."""
    if invalid is None:
        return {}
    at = f"conditions.{number}"
    return {
        path.removeprefix(at).removeprefix("."): messages
        for path, messages in invalid.errors.items()
        if path == at or path.startswith(f"{at}.")
    }


def field_groups(catalogue: Catalogue | None) -> list[FieldGroup]:
    """Return the fields by origin, as the pages of indexes name them."""
    if catalogue is None:
        return []
    groups = [
        FieldGroup(title, tuple(f for f in catalogue.fields if f.source == source))
        for source, title in SOURCES.items()
    ]
    return [group for group in groups if group.fields]
