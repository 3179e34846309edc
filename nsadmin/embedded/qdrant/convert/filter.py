"""Filters: Qdrant's JSON conditions to the engine's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    each,
    one_or_many,
    optional,
    required,
    typed,
)
from nsadmin.embedded.qdrant.convert.ids import point_id
from nsadmin.embedded.qdrant.errors import invalid, malformed

CLAUSES = ("must", "should", "must_not", "min_should")
MAX_DEPTH = 64


def engine_filter(body: Any, depth: int = 0) -> Any:
    """The engine's filter; None stays None."""
    if body is None:
        return None
    body = typed(body, dict, "filter")
    if depth > MAX_DEPTH:
        raise malformed("recursion limit exceeded")
    for key in body:
        if key not in CLAUSES:
            raise malformed(
                f"unknown field `{key}`, expected one of "
                "`should`, `min_should`, `must`, `must_not`"
            )

    def read(item: Any) -> Any:
        return _condition(item, depth + 1)

    clauses: Json = {
        clause: one_or_many(body[clause], read)
        for clause in ("must", "should", "must_not")
        if body.get(clause) is not None
    }
    minimum = optional(body, "min_should", dict)
    if minimum is not None:
        conditions = each(minimum.get("conditions"), read, "conditions")
        count = required(minimum, "min_count", int)
        clauses["min_should"] = edge.MinShould(conditions, count)
    return edge.Filter(**clauses)


def _condition(body: Any, depth: int) -> Any:
    if not isinstance(body, dict):
        raise malformed("data did not match any variant of untagged enum Condition")
    if "has_id" in body:
        return edge.HasIdCondition(set(each(body["has_id"], point_id, "has_id")))
    if "has_vector" in body:
        return edge.HasVectorCondition(required(body, "has_vector", str))
    if isinstance(body.get("is_empty"), dict):
        return edge.IsEmptyCondition(required(body["is_empty"], "key", str))
    if isinstance(body.get("is_null"), dict):
        return edge.IsNullCondition(required(body["is_null"], "key", str))
    if "nested" in body:
        nested = required(body, "nested", dict)
        inner = engine_filter(required(nested, "filter", dict), depth)
        return edge.NestedCondition(required(nested, "key", str), inner)
    if any(clause in body for clause in CLAUSES):
        return engine_filter(body, depth)
    if "key" not in body:
        raise malformed("data did not match any variant of untagged enum Condition")
    return _field_condition(required(body, "key", str), body)


def _field_condition(key: str, body: Json) -> Any:
    found: Json = {}
    for name, read in _FIELD_READERS.items():
        if body.get(name) is not None:
            found[name] = read(typed(body[name], dict, name))
    for name in ("is_empty", "is_null"):
        if (flag := optional(body, name, bool)) is not None:
            found[name] = flag
    if not found:
        text = "filter: At least one field condition must be specified"
        raise invalid("JSON body", text)
    return edge.FieldCondition(key, **found)


def _match(body: Json) -> Any:
    stated = [(kind, body[kind]) for kind in _MATCHERS if body.get(kind) is not None]
    if len(stated) != 1:
        raise malformed("data did not match any variant of untagged enum Match")
    kind, value = stated[0]
    return _MATCHERS[kind](value)


def _match_value(value: Any) -> Any:
    if isinstance(value, bool):
        # The binding tries integers before booleans and reads True as 1. A numpy
        # boolean is no integer to it and reaches the boolean variant.
        value = np.bool_(value)
        return edge.MatchValue(value)
    if not isinstance(value, (int, str)):
        raise malformed("data did not match any variant of untagged enum ValueVariants")
    return edge.MatchValue(value)


def _match_list(build: Any, name: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        items = typed(value, list, name)
        kinds = {type(item) for item in items}
        if kinds - {str} and kinds - {int}:
            raise malformed(
                "data did not match any variant of untagged enum AnyVariants"
            )
        return build(items)

    return read


def _match_text(build: Any, name: str) -> Callable[[Any], Any]:
    return lambda value: build(typed(value, str, name))


_MATCHERS: dict[str, Callable[[Any], Any]] = {
    "value": _match_value,
    "any": _match_list(edge.MatchAny, "any"),
    "except": _match_list(edge.MatchExcept, "except"),
    "text": _match_text(edge.MatchText, "text"),
    "text_any": _match_text(edge.MatchTextAny, "text_any"),
    "phrase": _match_text(edge.MatchPhrase, "phrase"),
}


def _bounds(body: Json) -> Json:
    return {name: body.get(name) for name in ("gt", "gte", "lt", "lte")}


def is_datetime_range(body: Json) -> bool:
    """Whether a `range` is one of datetimes, whose bounds are strings."""
    return any(isinstance(bound, str) for bound in _bounds(body).values())


def _range(body: Json) -> Any:
    dated = is_datetime_range(body)
    kind: type = str if dated else float
    bounds = {name: optional(body, name, kind) for name in _bounds(body)}
    try:
        return edge.RangeDateTime(**bounds) if dated else edge.RangeFloat(**bounds)
    except ValueError as error:
        raise malformed(str(error)) from error


def _values_count(body: Json) -> Any:
    return edge.ValuesCount(
        **{name: optional(body, name, int) for name in _bounds(body)}
    )


def _geo_point(body: Any) -> Any:
    body = typed(body, dict, "geo point")
    try:
        return edge.GeoPoint(required(body, "lon", float), required(body, "lat", float))
    except ValueError as error:
        raise malformed(str(error)) from error


def _radius(body: Json) -> Any:
    center = _geo_point(required(body, "center", dict))
    return edge.GeoRadius(center, required(body, "radius", float))


def _box(body: Json) -> Any:
    corners = (required(body, "top_left", dict), required(body, "bottom_right", dict))
    return edge.GeoBoundingBox(*map(_geo_point, corners))


def _ring(body: Any) -> list[Any]:
    return each(typed(body, dict, "polygon").get("points"), _geo_point, "points")


def _polygon(body: Json) -> Any:
    holes = [_ring(ring) for ring in optional(body, "interiors", list) or []]
    return edge.GeoPolygon(_ring(required(body, "exterior", dict)), holes or None)


_FIELD_READERS: dict[str, Callable[[Json], Any]] = {
    "match": _match,
    "range": _range,
    "geo_radius": _radius,
    "geo_bounding_box": _box,
    "geo_polygon": _polygon,
    "values_count": _values_count,
}
