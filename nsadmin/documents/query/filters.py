"""A filter of documents: conditions in three groups, in a URL and for Qdrant. Pure."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from nsadmin.documents.query import values
from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.operators import (
    FIELD_TYPES,
    OPERATORS,
    FieldType,
    Operator,
)
from nsadmin.documents.query.qdrant import Json, filter_json
from nsadmin.documents.query.rows import (
    GROUPS,
    MAX_CONDITIONS,
    Group,
    Pair,
    Row,
    rows_of,
    too_many,
)
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.payload_indexes import clean_field_name

Types = Mapping[str, FieldType]
T = TypeVar("T", bound=str)
_NO_TYPES: Final[Types] = {}
_VECTOR_NAME_MAX: Final = 255
_SUBJECTS: Final[Mapping[FieldType, str]] = {
    **{kind: f"A field of the type {kind}" for kind in FIELD_TYPES},
    "any": "A field whose type is not known",
    "vector": "A vector",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A condition with its group and its number in the filter, from 0."""

    number: int
    group: Group
    condition: Condition

    @property
    def at(self) -> str:
        """The path of its errors."""
        return f"conditions.{self.number}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Documents that match all of `all`, any of `any` if it has some, and no `none`.

    The filter without conditions matches every document.
    """

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Row], types: Types = _NO_TYPES) -> Self:
        """Return the filter that rows mean; blank rows and repeated ones are left out.

        `types` are those of known fields, for rows without a type; any other field is
        of the type `any`. Raises Invalid with every error, at paths such as
        `conditions.3.value`, where the number is that of the row.
        """
        groups: dict[Group, dict[Condition, None]] = {group: {} for group in GROUPS}
        errors: dict[str, list[str]] = {}
        for number, row in enumerate(rows):
            if row.wrong:
                errors |= {f"conditions.{number}.{p}": [said] for p, said in row.wrong}
                continue
            if row.is_blank:
                continue
            try:
                group, condition = _read(row, types, at=f"conditions.{number}")
            except Invalid as invalid:
                errors |= invalid.errors
            else:
                groups[group].setdefault(condition)
        if errors:
            raise Invalid.all(errors)
        return cls.of((g, c) for g in GROUPS for c in groups[g])

    @classmethod
    def of(cls, conditions: Iterable[tuple[Group, Condition]]) -> Self:
        """Return the filter with these conditions; raise Invalid if they are many."""
        groups: dict[Group, list[Condition]] = {group: [] for group in GROUPS}
        for group, condition in conditions:
            if condition not in groups[group]:
                groups[group].append(condition)
        if sum(map(len, groups.values())) > MAX_CONDITIONS:
            raise too_many()
        return cls(*(tuple(groups[group]) for group in GROUPS))

    @classmethod
    def from_query(cls, pairs: Iterable[Pair], types: Types = _NO_TYPES) -> Self:
        """Return the filter in the pairs of a URL's query; see `from_rows`."""
        return cls.from_rows(rows_of(pairs), types)

    def __bool__(self) -> bool:
        """Whether it has a condition."""
        return bool(self.all or self.any or self.none)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """All conditions in order: those of `all`, of `any`, of `none`."""
        return tuple(
            Placed(number, group, condition)
            for number, (group, condition) in enumerate(self._pairs())
        )

    def _pairs(self) -> Iterator[tuple[Group, Condition]]:
        for group in GROUPS:
            for condition in self.group(group):
                yield group, condition

    def group(self, group: Group) -> tuple[Condition, ...]:
        """Return the conditions of one group."""
        return {"all": self.all, "any": self.any, "none": self.none}[group]

    @property
    def fields(self) -> tuple[str, ...]:
        """The payload fields that are asked, each once; vectors are none."""
        asked = (c.field for _, c in self._pairs() if c.type != "vector")
        return tuple(dict.fromkeys(asked))

    def rows(self) -> tuple[Row, ...]:
        """Return the rows of the form that show it."""
        return tuple(
            Row(c.field, group, c.type, c.operator.value, c.text, c.same_element)
            for group, c in self._pairs()
        )

    def to_query(self) -> list[Pair]:
        """Return the pairs of a URL's query; the same for equal filters, for good."""
        pairs: list[Pair] = []
        for row in self.rows():
            pairs += [("f", row.field), ("t", row.type), ("o", row.operator)]
            pairs += [("v", row.text)] if row.text else []
            pairs += [("g", row.group)] if row.group != "all" else []
            pairs += [("e", "1")] if row.same_element else []
        return pairs

    def qdrant(self) -> Json:
        """Return the filter as Qdrant's JSON; {} without a condition."""
        return filter_json(self.all, self.any, self.none)

    @property
    def digest(self) -> str:
        """A short text that is the same for the same filter."""
        text = json.dumps(self.qdrant(), sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest()[:16]

    @property
    def sentence(self) -> str:
        """The filter in words; "every document" without a condition."""
        told = {g: [c.sentence for c in self.group(g)] for g in GROUPS}
        parts = list(told["all"])
        if told["any"]:
            parts.append("any of (" + "; ".join(told["any"]) + ")")
        if told["none"]:
            parts.append("none of (" + "; ".join(told["none"]) + ")")
        return " and ".join(parts) or "every document"

    def without(self, number: int) -> "Filter":
        """Return the filter without one condition, by its number in `placed`."""
        kept = [(p.group, p.condition) for p in self.placed if p.number != number]
        return Filter.of(kept)

    def only(self, number: int) -> "Filter":
        """Return the filter with one condition alone, by its number in `placed`."""
        kept = [(p.group, p.condition) for p in self.placed if p.number == number]
        return Filter.of(kept)

    def adding(self, condition: Condition, group: Group = "all") -> "Filter":
        """Return the filter with one more condition, as a facet's value adds one.

        Raises Invalid if they are too many.
        """
        kept = [(placed.group, placed.condition) for placed in self.placed]
        return Filter.of([*kept, (group, condition)])


EVERY: Final = Filter()


def _read(row: Row, types: Types, *, at: str) -> tuple[Group, Condition]:
    group = _choice(row.group or "all", GROUPS, f"{at}.group", "group")
    field = row.field.strip()
    kind = _type(row, types, field, at)
    operators: Sequence[Operator] = OPERATORS[kind]
    name = row.operator or operators[0].value
    known = {operator.value: operator for operator in operators}
    if name not in known:
        allowed = ", ".join(known)
        raise Invalid.at(
            f"{at}.operator", f"{_SUBJECTS[kind]} has the operators {allowed}."
        )
    return group, condition_of(
        field=field,
        kind=kind,
        operator=known[name],
        given=values.read_text(kind, known[name], row.text, at=f"{at}.value"),
        same_element=row.same_element,
        at=at,
    )


def _type(row: Row, types: Types, field: str, at: str) -> FieldType:
    if not row.type:
        return types.get(field, "any")
    return _choice(row.type, FIELD_TYPES, f"{at}.type", "type of a field")


def condition_of(
    *,
    field: str,
    kind: FieldType,
    operator: Operator,
    given: tuple[values.Value, ...],
    same_element: bool,
    at: str,
) -> Condition:
    """Return the condition whose values were read; raise Invalid for its field."""
    if kind == "vector":
        if not 1 <= len(field) <= _VECTOR_NAME_MAX or not _is_text(field):
            raise Invalid.at(f"{at}.field", "This is not the name of a vector.")
        return Condition(field, kind, operator, given)
    clean_field_name(field, at=f"{at}.field")
    if same_element and "[]." not in field:
        message = "Only a field within a list, such as items[].price, has elements."
        raise Invalid.at(f"{at}.field", message)
    return Condition(field, kind, operator, given, same_element)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _choice(given: str, allowed: Sequence[T], at: str, what: str) -> T:
    for one in allowed:
        if one == given:
            return one
    raise Invalid.at(at, f"The {what} must be one of {', '.join(allowed)}.")
