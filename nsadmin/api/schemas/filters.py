"""Filters of lists: a few operators by name, turned into values, never passed on."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import WithJsonSchema

from nsadmin.errors import Invalid

_MOST = 1000
_LONGEST = 200
_TEXT = {"type": "string", "maxLength": _LONGEST}
_EQUAL = {"type": "object", "properties": {"$eq": _TEXT}, "required": ["$eq"]}
_AMONG = {
    "type": "object",
    "properties": {"$in": {"type": "array", "items": _TEXT, "maxItems": _MOST}},
    "required": ["$in"],
}
_CONTAINS = {
    "type": "object",
    "properties": {
        "$regex": {**_TEXT, "minLength": 1},
        "$options": {"type": "string", "enum": ["i"]},
    },
    "required": ["$regex"],
}
# What the API's document says of the filters.
SCHEMA = WithJsonSchema(
    {
        "type": "object",
        "properties": {
            "namespace_id": {"anyOf": [_TEXT, _EQUAL, _AMONG]},
            "namespace_name": {"anyOf": [_TEXT, _EQUAL, _AMONG, _CONTAINS]},
        },
        "additionalProperties": False,
    }
)
# Characters that mean themselves in a pattern, or are escaped.
_PLAIN = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^A-Za-z0-9])*")


def list_filters(filters: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the heart's list understands, or raise Invalid with every fault."""
    found: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    for key, value in (filters or {}).items():
        reader = _READERS.get(key)
        at = f"filters.{key}"
        try:
            if reader is None:
                known = " and ".join(_READERS)
                raise Invalid.at(at, f"One can filter by {known} only.")
            found |= reader(value, at)
        except Invalid as fault:
            faults |= fault.errors
    if faults:
        raise Invalid.all(faults)
    return found


def _by_id(value: Any, at: str) -> dict[str, Any]:
    return {"namespace_ids": _texts(value, at, "$eq and $in")}


def _by_name(value: Any, at: str) -> dict[str, Any]:
    if isinstance(value, dict) and set(value) <= {"$regex", "$options"}:
        return {"name_contains": _contained(value, at)}
    return {"names": _texts(value, at, "$eq, $in and $regex")}


def _texts(value: Any, at: str, operators: str) -> tuple[str, ...]:
    if not isinstance(value, dict):
        return (_text(value, at),)
    if set(value) == {"$eq"}:
        return (_text(value["$eq"], f"{at}.$eq"),)
    if set(value) != {"$in"}:
        raise Invalid.at(at, f"The operators here are {operators}.")
    among, inside = value["$in"], f"{at}.$in"
    if not isinstance(among, list) or len(among) > _MOST:
        raise Invalid.at(inside, f"Must be a list of at most {_MOST:,} texts.")
    return tuple(_text(v, f"{inside}.{number}") for number, v in enumerate(among))


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise Invalid.at(at, f"Must be a text of at most {_LONGEST} characters.")
    return value


def _contained(value: dict[str, Any], at: str) -> str:
    pattern = value.get("$regex")
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= _LONGEST:
        raise Invalid.at(
            f"{at}.$regex", f"Must be a text of 1 to {_LONGEST} characters."
        )
    if value.get("$options", "i") != "i":
        raise Invalid.at(f"{at}.$options", "The one option is i.")
    text = pattern.removeprefix(".*").removesuffix(".*")
    if not text or _PLAIN.fullmatch(text) is None:
        raise Invalid.at(
            f"{at}.$regex",
            "Only plain text is offered: it finds the names that contain it. "
            "A character with a meaning in patterns needs a backslash before it.",
        )
    return re.sub(r"\\(.)", r"\1", text)


_READERS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "namespace_id": _by_id,
    "namespace_name": _by_name,
}
