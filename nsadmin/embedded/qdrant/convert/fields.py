"""Reading fields of a JSON body with errors in the words of Qdrant's own parser."""

from collections.abc import Callable
from typing import Any, TypeVar

from nsadmin.embedded.qdrant.errors import invalid, malformed

T = TypeVar("T")
Json = dict[str, Any]

_EXPECTED: dict[type, str] = {
    dict: "a map",
    list: "a sequence",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
}


def kind_of(value: object) -> str:
    """The kind of a JSON value, as error texts name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, str):
        return f'string "{value[:60]}"'
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    return "map" if isinstance(value, dict) else "sequence"


def typed(value: object, kind: type[T], name: str = "") -> T:
    """`value` if it has that JSON type, else a 400; an int is accepted as float."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # type: ignore[return-value]
    # To Python a boolean is an integer, to JSON it is not.
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    where = f"{name}: " if name else ""
    raise malformed(
        f"{where}invalid type: {kind_of(value)}, expected {_EXPECTED[kind]}"
    )


def required(body: Json, name: str, kind: type[T]) -> T:
    """A required field."""
    if name not in body:
        raise malformed(f"missing field `{name}`")
    return typed(body[name], kind, name)


def optional(body: Json, name: str, kind: type[T]) -> T | None:
    """An optional field; None if it is absent or null."""
    value = body.get(name)
    return None if value is None else typed(value, kind, name)


def without_nulls(value: Json) -> Json:
    """The fields that are not null."""
    return {key: item for key, item in value.items() if item is not None}


def choice(value: object, options: dict[str, T], name: str) -> T:
    """One of a closed list of words."""
    if isinstance(value, str) and value in options:
        return options[value]
    listed = ", ".join(f"`{word}`" for word in options)
    raise malformed(
        f"{name}: unknown variant {kind_of(value)}, expected one of {listed}"
    )


def within(value: float | None, low: float, high: float | None, name: str) -> None:
    """Raise a 422 for a number outside its limits; None passes."""
    if value is None or (value >= low and (high is None or value <= high)):
        return
    wanted = (
        f"must be {low} or larger" if high is None else f"must be from {low} to {high}"
    )
    raise invalid("JSON body", f"{name}: value {value} invalid, {wanted}")


def each(value: object, read: Callable[[Any], T], name: str) -> list[T]:
    """A list whose every item is read by the same function."""
    return [read(item) for item in typed(value, list, name)]


def one_or_many(value: object, read: Callable[[Any], T]) -> list[T]:
    """The items of a field that takes one item or a list of them."""
    return [read(item) for item in (value if isinstance(value, list) else [value])]
