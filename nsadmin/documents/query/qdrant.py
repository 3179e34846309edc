"""Conditions as the JSON of a Qdrant filter. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.operators import Operator
from nsadmin.documents.query.values import Value

Json = dict[str, Any]

# Beyond, numbers of a range are no longer exact.
_EXACT: Final = 2**53

_BOUNDS: Final = {
    Operator.LESS: "lt",
    Operator.AT_MOST: "lte",
    Operator.GREATER: "gt",
    Operator.AT_LEAST: "gte",
}
_MATCHES: Final = {
    Operator.ALL_WORDS: "text",
    Operator.ANY_WORD: "text_any",
    Operator.PHRASE: "phrase",
}
_PRESENCE: Final = {Operator.IS_EMPTY: "is_empty", Operator.IS_NULL: "is_null"}
# What these say is the contrary of another operator.
_CONTRARY: Final = {
    Operator.IS_NOT: Operator.IS,
    Operator.NONE_OF: Operator.ONE_OF,
    Operator.IS_NOT_EMPTY: Operator.IS_EMPTY,
    Operator.IS_NOT_NULL: Operator.IS_NULL,
    Operator.LACKS_VECTOR: Operator.HAS_VECTOR,
}


def filter_json(
    every: Sequence[Condition], some: Sequence[Condition], none: Sequence[Condition]
) -> Json:
    """Return the filter: all of the first, any of the second, none of the third."""
    must, must_not = _all_of(every)
    must_not += [_alone(condition) for condition in none]
    should = [_alone(condition) for condition in some]
    clauses = {"must": must, "should": should, "must_not": must_not}
    return {name: conditions for name, conditions in clauses.items() if conditions}


def _all_of(conditions: Iterable[Condition]) -> tuple[list[Json], list[Json]]:
    """Return what must and what must not match; one element answers for its list."""
    must: list[Json] = []
    must_not: list[Json] = []
    of_elements: dict[str, list[Condition]] = {}
    for condition in conditions:
        if condition.element:
            of_elements.setdefault(condition.element, []).append(condition)
        elif condition.operator in _CONTRARY:
            must_not.append(_plain(condition, condition.field))
        else:
            must.append(_plain(condition, condition.field))
    must += [_nested(element, asked) for element, asked in of_elements.items()]
    return must, must_not


def _nested(element: str, conditions: Sequence[Condition]) -> Json:
    inner: dict[str, list[Json]] = {}
    for condition in conditions:
        clause = "must_not" if condition.operator in _CONTRARY else "must"
        key = condition.field.removeprefix(f"{element}[].")
        inner.setdefault(clause, []).append(_plain(condition, key))
    ordered = {name: inner[name] for name in ("must", "must_not") if name in inner}
    return {"nested": {"key": element, "filter": ordered}}


def _alone(condition: Condition) -> Json:
    """Return one condition as it stands in a list of others."""
    if condition.element:
        return _nested(condition.element, [condition])
    plain = _plain(condition, condition.field)
    return {"must_not": [plain]} if condition.operator in _CONTRARY else plain


def _plain(condition: Condition, key: str) -> Json:
    """Return a condition, of a contrary operator its positive form."""
    operator = _CONTRARY.get(condition.operator, condition.operator)
    if operator is Operator.HAS_VECTOR:
        return {"has_vector": condition.field}
    if operator in _PRESENCE:
        return {_PRESENCE[operator]: {"key": key}}
    as_typed = {"key": key, **_asked(condition, operator)}
    others = [{"key": key, **_equal(value)} for value in condition.other_readings]
    return {"should": [as_typed, *others]} if others else as_typed


def _equal(value: Value) -> Json:
    """Return what a number or boolean must be; 5 is found as 5.0 as well."""
    if isinstance(value, bool):
        return {"match": {"value": value}}
    if isinstance(value, int) and abs(value) > _EXACT:
        return {"match": {"value": value}}
    return {"range": {"gte": value, "lte": value}}


def _asked(condition: Condition, operator: Operator) -> Json:
    """Return what is asked of the value at a key."""
    values = condition.values
    if operator is Operator.ONE_OF:
        return {"match": {"any": list(values)}}
    if operator is Operator.WITHIN_RADIUS:
        latitude, longitude, radius = values
        center = {"lat": latitude, "lon": longitude}
        return {"geo_radius": {"center": center, "radius": radius}}
    if operator is Operator.WITHIN_BOX:
        north, west, south, east = values
        corners = {
            "top_left": {"lat": north, "lon": west},
            "bottom_right": {"lat": south, "lon": east},
        }
        return {"geo_bounding_box": corners}
    if operator is Operator.BETWEEN:
        return {"range": {"gte": values[0], "lte": values[1]}}
    [value] = values
    if operator in _BOUNDS:
        return {"range": {_BOUNDS[operator]: value}}
    if operator in _MATCHES:
        return {"match": {_MATCHES[operator]: value}}
    if condition.type in ("float", "datetime"):
        return {"range": {"gte": value, "lte": value}}
    return {"match": {"value": value}}
