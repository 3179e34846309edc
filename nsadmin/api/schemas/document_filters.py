"""The filter of a list of documents: AND, OR and NOT with conditions on fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.filters import Filter, condition_of
from nsadmin.documents.query.operators import FieldType, Operator
from nsadmin.documents.query.rows import MAX_CONDITIONS, Group
from nsadmin.documents.query.values import MAX_VALUES, read_values
from nsadmin.errors import Invalid

OperatorWord = Literal[
    "eq",
    "ne",
    "in",
    "nin",
    "gt",
    "gte",
    "lt",
    "lte",
    "exists",
    "is_null",
    "text",
    "text_any",
    "phrase",
    "geo_radius",
    "geo_box",
    "has_vector",
]
_PLAIN: Final[Mapping[str, Operator]] = {
    "eq": Operator.IS,
    "ne": Operator.IS_NOT,
    "in": Operator.ONE_OF,
    "nin": Operator.NONE_OF,
    "gt": Operator.GREATER,
    "gte": Operator.AT_LEAST,
    "lt": Operator.LESS,
    "lte": Operator.AT_MOST,
}
_TEXTS: Final[Mapping[str, Operator]] = {
    "text": Operator.ALL_WORDS,
    "text_any": Operator.ANY_WORD,
    "phrase": Operator.PHRASE,
}
# {operator: what it means for true, for false, of which type}
_FLAGS: Final[Mapping[str, tuple[Operator, Operator, FieldType]]] = {
    "exists": (Operator.IS_NOT_EMPTY, Operator.IS_EMPTY, "keyword"),
    "is_null": (Operator.IS_NULL, Operator.IS_NOT_NULL, "keyword"),
    "has_vector": (Operator.HAS_VECTOR, Operator.LACKS_VECTOR, "vector"),
}
_PLACES: Final[Mapping[str, tuple[Operator, tuple[str, ...]]]] = {
    "geo_radius": (Operator.WITHIN_RADIUS, ("lat", "lon", "radius")),
    "geo_box": (Operator.WITHIN_BOX, ("north", "west", "south", "east")),
}
_RANGES: Final = frozenset({"gt", "gte", "lt", "lte"})
_GROUPS: Final[Mapping[Group, str]] = {"all": "AND", "any": "OR", "none": "NOT"}


class DocumentCondition(BaseModel):
    """One condition on a field of the payload, or on a named vector."""

    model_config = ConfigDict(extra="forbid", strict=True)

    field: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        description="A path such as `title`, `meta.title` or `items[].price`."
    )
    operator: OperatorWord = Field(
        "eq",
        description=(
            "`gt`, `gte`, `lt`, `lte` take a number or a time; `in` and `nin` a list "
            f"of at most {MAX_VALUES} values; `exists` (a value that is not empty), "
            "`is_null` and `has_vector` (`field` is the vector's name) true or false; "
            "`geo_radius` {lat, lon, radius in metres}; `geo_box` {north, west, south, "
            "east}."
        ),
    )
    value: Any = Field(None, description="Text, number, true or false, list, object.")


_Conditions = Annotated[list[DocumentCondition], Field(max_length=MAX_CONDITIONS)]


class DocumentFilters(BaseModel):
    """All of AND, any of OR unless it is empty, and none of NOT match."""

    model_config = ConfigDict(extra="forbid", strict=True)

    AND: _Conditions = []
    OR: _Conditions = []
    NOT: _Conditions = []


@dataclass(frozen=True, slots=True)
class SentFilter:
    """The filter that was sent, and the path of each of its conditions."""

    asked: Filter
    paths: tuple[str, ...]

    def placed(self, invalid: Invalid) -> Invalid:
        """Return an error of a condition at the path at which it was sent."""
        errors = {
            self._path(path): messages for path, messages in invalid.errors.items()
        }
        details = {
            key: value
            for key, value in invalid.details.items()
            if key != "validation_errors"
        }
        return Invalid(
            invalid.message, errors=errors, code=invalid.code, details=details
        )

    def _path(self, path: str) -> str:
        head, _, rest = path.partition(".")
        number, _, part = rest.partition(".")
        if head != "conditions":
            return "sort" if path == "order" else path
        if not number.isdigit() or int(number) >= len(self.paths):
            return "filters"
        return f"{self.paths[int(number)]}.{part}"


def read_filters(
    filters: DocumentFilters | None, types: Mapping[str, str]
) -> SentFilter:
    """Return the filter; raise Invalid with every error.

    `types` are those of the indexes by field: a text is a time or a UUID where the
    index says so.
    """
    sent = filters or DocumentFilters()
    errors: dict[str, list[str]] = {}
    paths: dict[tuple[Group, Condition], str] = {}
    for group, name in _GROUPS.items():
        for number, condition in enumerate(getattr(sent, name)):
            at = f"filters.{name}.{number}"
            try:
                paths.setdefault((group, _read(condition, types, at)), at)
            except Invalid as invalid:
                errors |= invalid.errors
    if errors:
        raise Invalid.all(errors)
    try:
        asked = Filter.of(paths)
    except Invalid as invalid:
        raise Invalid.at("filters", invalid.message) from None
    return SentFilter(
        asked, tuple(paths[one.group, one.condition] for one in asked.placed)
    )


def _read(sent: DocumentCondition, types: Mapping[str, str], at: str) -> Condition:
    kind, operator, given = _meaning(sent, types, f"{at}.value")
    return condition_of(
        field=sent.field,
        kind=kind,
        operator=operator,
        given=read_values(kind, operator, given, at=f"{at}.value"),
        same_element=False,
        at=at,
    )


def _meaning(
    sent: DocumentCondition, types: Mapping[str, str], at: str
) -> tuple[FieldType, Operator, list[Any]]:
    """Return the type, the operator and the values of a condition."""
    name, value = sent.operator, sent.value
    if name in _FLAGS:
        when_true, when_false, kind = _FLAGS[name]
        if value is not None and not isinstance(value, bool):
            raise Invalid.at(at, "Give true or false.")
        return kind, when_false if value is False else when_true, []
    if name in _PLACES:
        operator, keys = _PLACES[name]
        if not isinstance(value, dict) or value.keys() != set(keys):
            raise Invalid.at(at, f"Give an object with {', '.join(keys)}.")
        return "geo", operator, [value[key] for key in keys]
    if name in _TEXTS:
        return "text", _TEXTS[name], [value]
    values = value if name in ("in", "nin") else [value]
    if not isinstance(values, list):
        raise Invalid.at(at, "Give a list of values.")
    return _type(values, name, types.get(sent.field, ""), at), _PLAIN[name], values


def _type(values: list[Any], name: str, index: str, at: str) -> FieldType:
    """Return the type of the values, with the index's help where texts are several."""
    kinds = {type(value) for value in values}
    if kinds == {bool} and name in ("eq", "ne"):
        return "bool"
    if kinds == {int} and name not in _RANGES and index != "float":
        return "integer"
    if kinds and kinds <= {int, float}:
        if name in ("in", "nin"):
            raise Invalid.at(at, "A list has texts or whole numbers.")
        return "float"
    if kinds == {str}:
        if name in _RANGES or (index == "datetime" and name in ("eq", "ne")):
            return "datetime"
        return "uuid" if index == "uuid" else "keyword"
    raise Invalid.at(at, "The values must be texts, numbers, or true and false.")
