"""The values at a payload path, and which index types hold them, as Qdrant reads. Pure.

A kind names what a value is for Qdrant's parsers, not what it looks like: a time that
Qdrant cannot parse is a keyword, and a place outside the globe is no place. Where the
versions of Qdrant differ, the stricter one decides.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from nsadmin.names import clip
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS, IndexType

_STRINGS = frozenset({"keyword", "text", "uuid", "datetime"})
# {index type: kinds of values that it holds}. A text index also holds shorter strings,
# if they have a word that it keeps.
HOLDS: Mapping[IndexType, frozenset[str]] = {
    "keyword": _STRINGS,
    "text": _STRINGS,
    "integer": frozenset({"integer"}),
    "float": frozenset({"integer", "float"}),
    "bool": frozenset({"bool"}),
    "geo": frozenset({"geo"}),
    "datetime": frozenset({"datetime"}),
    "uuid": frozenset({"uuid"}),
}
# Kinds that no index holds.
LIST, INVALID_PLACE, OBJECT = "nested list", "invalid place", "object"
# Strings longer than this, or with more words, count as text, others as keywords.
_KEYWORD_LENGTH = 128
_KEYWORD_WORDS = 6
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_EACH = "[]"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Qdrant takes RFC 3339 with a T or a blank; seconds may be left out after a blank only,
# where no zone follows.
# Python takes the hour 24 for the next midnight since 3.13; Qdrant does not.
_HOUR = "(?:[01][0-9]|2[0-3])"
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    rf"([Tt ]{_HOUR}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
    rf"| {_HOUR}:[0-9]{{2}})?"
)
_WORD = re.compile(r"[^\W_]+")
_EXAMPLE_LENGTH = 80
_EXAMPLE_KEYS = 4


def values_at(payload: Any, path: str) -> Iterator[Any]:
    """Yield the values that an index on a path such as `metadata.tags[].name` sees.

    Only `[]` opens a list on the way; a list at the end is opened once. Null is no
    value.
    """
    parts = [
        part
        for key in path.split(".")
        for part in ((key[:-2], _EACH) if key.endswith(_EACH) else (key,))
    ]
    yield from _walk(payload, parts)


def _walk(value: Any, parts: list[str]) -> Iterator[Any]:
    if not parts:
        elements = value if isinstance(value, list) else [value]
        yield from (element for element in elements if element is not None)
    elif parts[0] == _EACH:
        for element in value if isinstance(value, list) else []:
            yield from _walk(element, parts[1:])
    elif isinstance(value, dict) and parts[0] in value:
        yield from _walk(value[parts[0]], parts[1:])


def kind_of(value: Any) -> str:
    """Return the kind of one value: a key of `HOLDS`, or what no index holds."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "integer" if _INT_MIN <= value <= _INT_MAX else _of_number(value)
    if isinstance(value, float):
        return _of_number(value)
    if isinstance(value, str):
        return _of_string(value)
    if isinstance(value, dict):
        return _of_object(value)
    return LIST if isinstance(value, list) else OBJECT


def _of_number(value: float) -> str:
    try:
        return "float" if math.isfinite(float(value)) else OBJECT
    except OverflowError:
        return OBJECT


def _of_string(value: str) -> str:
    if _UUID.fullmatch(value) is not None:
        return "uuid"
    if moment(value) is not None:
        return "datetime"
    is_long = len(value) > _KEYWORD_LENGTH or len(value.split()) > _KEYWORD_WORDS
    return "text" if is_long and words(value) else "keyword"


def _of_object(value: Mapping[str, Any]) -> str:
    if not {"lon", "lat"} <= value.keys():
        return OBJECT
    is_place = _is_degree(value["lon"], 180) and _is_degree(value["lat"], 90)
    return "geo" if is_place else INVALID_PLACE


def _is_degree(value: Any, most: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -most <= value <= most


def moment(value: Any) -> datetime | None:
    """Return the point in time that Qdrant reads from a string, None if it reads none.

    Without a zone it is in UTC.
    """
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        return None
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def words(text: str) -> list[str]:
    """Return the words that a text index with default parameters keeps."""
    limits = INDEX_DEFAULTS["text"]
    shortest, longest = limits["min_token_len"], limits["max_token_len"]
    return [word for word in _WORD.findall(text) if shortest <= len(word) <= longest]


def example(value: Any) -> str:
    """Return a value as a short text that every database stores; never its depths."""
    if isinstance(value, dict):
        shown = ", ".join(f"{k}: {_leaf(value[k])}" for k in [*value][:_EXAMPLE_KEYS])
        more = ", …" if len(value) > _EXAMPLE_KEYS else ""
        return clip(f"{{{shown}{more}}}", _EXAMPLE_LENGTH)
    return clip(_leaf(value), _EXAMPLE_LENGTH)


def _leaf(value: Any) -> str:
    if isinstance(value, dict | list):
        return "…" if value else str(value)
    if value is None:
        return "null"
    if isinstance(value, int) and not isinstance(value, bool):
        # Python refuses to write out numbers of many thousand digits.
        return str(value) if value.bit_length() <= 128 else "a very large number"
    return str(value)[: _EXAMPLE_LENGTH + 1]
