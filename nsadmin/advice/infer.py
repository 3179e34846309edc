"""Infer the index type of a field from sampled payload values. Pure."""

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nsadmin.namespaces.schema.payload_indexes import IndexType

# Strings longer than this, or with more words, count as text, others as keywords.
_KEYWORD_LENGTH = 128
_KEYWORD_WORDS = 6
_CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?"
_DATE = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}([T ]{_CLOCK})?")
# The share of the strings that must be of one kind to decide for it.
_CLEARLY = 0.9
_EXAMPLES = 3
_EXAMPLE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Inference:
    """The result of a sample: a type or None, values by kind, and some examples.

    `values` counts the sampled values; a list counts each of its elements.
    """

    type: IndexType | None
    kinds: dict[str, int]
    values: int
    points: int
    examples: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The reason for the type, or for having none."""
        if not self.values:
            return "No sampled point has a value here."
        parts = ", ".join(f"{n:,} {kind}" for kind, n in self.kinds.items())
        if self.type is None:
            return f"The sampled values are mixed: {parts}."
        return f"Sampled values: {parts}."


def values_at(payload: Any, path: str) -> Iterator[Any]:
    """Yield every value at a path such as `metadata.tags[]`; lists are opened."""
    yield from _walk(payload, path.replace("[]", "").split("."))


def _walk(value: Any, parts: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _walk(element, parts)
    elif not parts:
        if value is not None:
            yield value
    elif isinstance(value, dict) and parts[0] in value:
        yield from _walk(value[parts[0]], parts[1:])


def infer(payloads: Iterable[Any], path: str) -> Inference:
    """Infer the type from the values at the path; its type is None for a mixture."""
    kinds: Counter[str] = Counter()
    examples: dict[str, None] = {}
    points = 0
    for payload in payloads:
        found = list(values_at(payload, path))
        points += bool(found)
        for value in found:
            kinds[_kind(value)] += 1
            if len(examples) < _EXAMPLES:
                examples.setdefault(str(value)[:_EXAMPLE_LENGTH])
    return Inference(
        type=_settled(kinds),
        kinds=dict(kinds.most_common()),
        values=kinds.total(),
        points=points,
        examples=tuple(examples),
    )


def _settled(kinds: Mapping[str, int]) -> IndexType | None:
    """Return the one type that can index all these kinds; None if there is none."""
    joined: tuple[tuple[set[str], IndexType], ...] = (
        ({"bool"}, "bool"),
        ({"integer"}, "integer"),
        ({"integer", "float"}, "float"),
        ({"uuid"}, "uuid"),
        ({"datetime"}, "datetime"),
        ({"geo"}, "geo"),
    )
    for accepted, kind in joined:
        if kinds and kinds.keys() <= accepted:
            return kind
    strings = {"keyword", "uuid", "datetime", "text"}
    return _of_strings(kinds) if kinds and kinds.keys() <= strings else None


def _of_strings(kinds: Mapping[str, int]) -> IndexType | None:
    """Choose between matching whole strings and searching for words in them.

    A text index serves no match of a whole value, and a keyword index of long texts
    costs memory and finds no words in them. Values alone do not tell which of the two
    the filters are, so only a clear majority decides; a person decides the rest.
    """
    values, long = sum(kinds.values()), kinds.get("text", 0)
    if long >= _CLEARLY * values:
        return "text"
    return "keyword" if values - long >= _CLEARLY * values else None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return _text_kind(value)
    if isinstance(value, dict) and set(value) == {"lon", "lat"}:
        return "geo"
    return "object"


def _text_kind(value: str) -> str:
    if _is_uuid(value):
        return "uuid"
    if _is_date(value):
        return "datetime"
    is_long = len(value) > _KEYWORD_LENGTH or len(value.split()) > _KEYWORD_WORDS
    return "text" if is_long else "keyword"


def _is_uuid(value: str) -> bool:
    if len(value) != 36:
        return False
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _is_date(value: str) -> bool:
    if _DATE.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
