"""Filters of the list of namespaces: a few operators, parsed into plain values.

No operator is passed on to a database.
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic import WithJsonSchema

from nsadmin.errors import Invalid

_MAX_VALUES = 1000
_MAX_LENGTH = 200
_TEXT = {"type": "string", "maxLength": _MAX_LENGTH}
_EQUAL = {"type": "object", "properties": {"$eq": _TEXT}, "required": ["$eq"]}
_AMONG = {
    "type": "object",
    "properties": {"$in": {"type": "array", "items": _TEXT, "maxItems": _MAX_VALUES}},
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
# The filters in the OpenAPI document.
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
# Characters without a meaning in patterns, or escaped ones.
_PLAIN_TEXT = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\[^A-Za-z0-9])*")


def list_filters(filters: dict[str, Any] | None) -> dict[str, Any]:
    """Return the filters as arguments of `ListQuery`; raise Invalid with all errors."""
    arguments: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for key, value in (filters or {}).items():
        reader = _READERS.get(key)
        at = f"filters.{key}"
        try:
            if reader is None:
                known = " and ".join(_READERS)
                raise Invalid.at(at, f"Filter by {known} only.")
            arguments |= reader(value, at)
        except Invalid as invalid:
            errors |= invalid.errors
    if errors:
        raise Invalid.all(errors)
    return arguments


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
    if not isinstance(among, list) or len(among) > _MAX_VALUES:
        raise Invalid.at(inside, f"Must be a list of at most {_MAX_VALUES:,} texts.")
    return tuple(_text(v, f"{inside}.{number}") for number, v in enumerate(among))


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        raise Invalid.at(at, f"Must be a text of at most {_MAX_LENGTH} characters.")
    return value


def _contained(value: dict[str, Any], at: str) -> str:
    pattern = value.get("$regex")
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= _MAX_LENGTH:
        raise Invalid.at(
            f"{at}.$regex", f"Must be a text of 1 to {_MAX_LENGTH} characters."
        )
    if value.get("$options", "i") != "i":
        raise Invalid.at(f"{at}.$options", "The one option is i.")
    text = pattern.removeprefix(".*").removesuffix(".*")
    if not text or _PLAIN_TEXT.fullmatch(text) is None:
        raise Invalid.at(
            f"{at}.$regex",
            "Only plain text is supported; it finds the names that contain it. "
            "Put a backslash before a character that has a meaning in patterns.",
        )
    return re.sub(r"\\(.)", r"\1", text)


_READERS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    "namespace_id": _by_id,
    "namespace_name": _by_name,
}
