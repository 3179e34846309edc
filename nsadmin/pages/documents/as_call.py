"""A filter as the body of the API's list of documents. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.filters import Filter
from nsadmin.documents.query.operators import Operator
from nsadmin.documents.query.rows import Group

_GROUPS: Final[Mapping[Group, str]] = {"all": "AND", "any": "OR", "none": "NOT"}
_O = Operator
_WORDS: Final[Mapping[Operator, str]] = {
    _O.IS: "eq",
    _O.IS_NOT: "ne",
    _O.ONE_OF: "in",
    _O.NONE_OF: "nin",
    _O.GREATER: "gt",
    _O.AT_LEAST: "gte",
    _O.LESS: "lt",
    _O.AT_MOST: "lte",
    _O.ALL_WORDS: "text",
    _O.ANY_WORD: "text_any",
    _O.PHRASE: "phrase",
}
_FLAGS: Final[Mapping[Operator, tuple[str, bool]]] = {
    _O.IS_EMPTY: ("exists", False),
    _O.IS_NOT_EMPTY: ("exists", True),
    _O.IS_NULL: ("is_null", True),
    _O.IS_NOT_NULL: ("is_null", False),
    _O.HAS_VECTOR: ("has_vector", True),
    _O.LACKS_VECTOR: ("has_vector", False),
}
_PLACES: Final[Mapping[Operator, tuple[str, tuple[str, ...]]]] = {
    _O.WITHIN_RADIUS: ("geo_radius", ("lat", "lon", "radius")),
    _O.WITHIN_BOX: ("geo_box", ("north", "west", "south", "east")),
}


def call_body(asked: Filter) -> dict[str, Any] | None:
    """Return the body that finds the same; None where the API cannot say it.

    These are conditions on one entry of a list, a range or a time outside of `all`, and
    a value that is asked as text and as a number.
    """
    filters: dict[str, list[dict[str, Any]]] = {}
    for group, name in _GROUPS.items():
        conditions = asked.group(group)
        if any(c.element or c.other_readings for c in conditions):
            return None
        if any(_is_moment(c) and c.operator is _O.IS_NOT for c in conditions):
            return None
        if group != "all" and any(_is_range(c) for c in conditions):
            return None
        entries = [entry for c in conditions for entry in _entries(c)]
        if entries:
            filters[name] = entries
    return {"filters": filters} if filters else {}


def _is_moment(condition: Condition) -> bool:
    """Whether a time is asked; the API reads it as text where no index says so."""
    return condition.type == "datetime"


def _is_range(condition: Condition) -> bool:
    is_moment = _is_moment(condition) and condition.operator is _O.IS
    return is_moment or condition.operator is _O.BETWEEN


def _entries(condition: Condition) -> Iterator[dict[str, Any]]:
    field, operator, values = condition.field, condition.operator, condition.values
    if _is_range(condition):
        yield _entry(field, "gte", values[0])
        yield _entry(field, "lte", values[-1])
    elif operator in _FLAGS:
        yield _entry(field, *_FLAGS[operator])
    elif operator in _PLACES:
        word, names = _PLACES[operator]
        yield _entry(field, word, dict(zip(names, values, strict=True)))
    else:
        is_list = operator in (_O.ONE_OF, _O.NONE_OF)
        yield _entry(field, _WORDS[operator], list(values) if is_list else values[0])


def _entry(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}
