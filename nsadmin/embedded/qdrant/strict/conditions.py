"""The conditions of a filter: how many, how large, and which indexes serve them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.convert.filter import CLAUSES, is_datetime_range
from nsadmin.embedded.qdrant.convert.indexes import TYPES, data_type

# An index's abilities, by the words in which a refusal lists what would serve.
_ANY = (*sorted(TYPES), "text (with phrase_matching: true)")
_GEO = ("geo_radius", "geo_bounding_box", "geo_polygon")
_MATCHERS = ("value", "any", "except", "text", "text_any", "phrase")

Abilities = frozenset[str]


@dataclass(slots=True)
class Conditions:
    """What strict mode looks at in a filter."""

    count: int = 0
    """Conditions at all depths."""
    largest: int = 0
    """The most values in one `any` or `except`."""
    needs: list[tuple[str, Abilities, tuple[str, ...]]] = field(default_factory=list)
    """Path of a field, abilities of which its index must have one, their names."""

    def unserved(self, schema: dict[str, Any]) -> tuple[str, tuple[str, ...]] | None:
        """The first field without a serving index, and the types that would serve."""
        for key, wanted, words in self.needs:
            if key not in schema or not wanted & _abilities(schema[key]):
                return key, words
        return None


def conditions_of(body: Json) -> Conditions:
    """Read a filter; what is not well formed is left to the filter's own reader."""
    found = Conditions()
    _read_filter(body, "", found)
    return found


def _read_filter(body: Json, prefix: str, found: Conditions) -> None:
    for item in _items(body):
        nested = item.get("nested")
        if isinstance(nested, dict) and isinstance(nested.get("filter"), dict):
            _read_filter(nested["filter"], f"{prefix}{nested.get('key')}[].", found)
        elif any(clause in item for clause in CLAUSES):
            _read_filter(item, prefix, found)
        else:
            _read_condition(item, prefix, found)


def _items(body: Json) -> Iterator[Json]:
    for clause in CLAUSES:
        stated = body.get(clause)
        if clause == "min_should" and isinstance(stated, dict):
            stated = stated.get("conditions")
        for item in stated if isinstance(stated, list) else [stated]:
            if isinstance(item, dict):
                yield item


def _read_condition(item: Json, prefix: str, found: Conditions) -> None:
    found.count += 1
    key, wanted, words = item.get("key"), frozenset(_ANY), _ANY
    if isinstance(key, str):
        found.largest = max(found.largest, _values(item))
        wanted, words = _serving(item)
    else:
        inner = item.get("is_empty") or item.get("is_null")
        key = inner.get("key") if isinstance(inner, dict) else None
    if isinstance(key, str) and wanted:
        found.needs.append((prefix + key, wanted, words))


def _values(item: Json) -> int:
    match = item.get("match")
    if not isinstance(match, dict):
        return 0
    stated = match.get("any", match.get("except"))
    return len(stated) if isinstance(stated, list) else 0


def _serving(item: Json) -> tuple[Abilities, tuple[str, ...]]:
    """The abilities that serve a condition, and the words for them."""
    match, bounds = item.get("match"), item.get("range")
    if isinstance(match, dict) and any(match.get(k) is not None for k in _MATCHERS):
        return _matching(match)
    if isinstance(bounds, dict):
        if is_datetime_range(bounds):
            return frozenset({"datetime"}), ("datetime",)
        return frozenset({"float", "integer range"}), ("float", "integer")
    if any(item.get(name) for name in _GEO):
        return frozenset({"geo"}), ("geo",)
    return frozenset(_ANY) | {"integer range"}, _ANY


def _matching(match: Json) -> tuple[Abilities, tuple[str, ...]]:
    if match.get("phrase") is not None:
        word = "text (with phrase_matching: true)"
        return frozenset({word}), (word,)
    if match.get("text") is not None or match.get("text_any") is not None:
        return frozenset({"text"}), ("text",)
    value = next((match[k] for k in ("value", "any", "except") if k in match), None)
    values = value if isinstance(value, list) else [value]
    if not values:
        return frozenset(), ()  # an empty list matches the same with and without
    words: tuple[str, ...] = ("keyword",)
    if any(isinstance(item, bool) for item in values):
        words = ("bool",)
    elif any(isinstance(item, int) for item in values):
        words = ("integer",)
    elif all(_is_uuid(item) for item in values):
        words = ("keyword", "uuid")
    return frozenset(words), words


def _is_uuid(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, AttributeError, TypeError):
        return False
    return True


def _abilities(schema: str | Json) -> Abilities:
    kind = data_type(schema)
    params: Json = {} if isinstance(schema, str) else schema
    if kind == "integer":
        lookup = {"integer"} if params.get("lookup") is not False else set()
        ranged = {"integer range"} if params.get("range") is not False else set()
        return frozenset(lookup | ranged)
    if kind == "text" and params.get("phrase_matching"):
        return frozenset({"text", "text (with phrase_matching: true)"})
    return frozenset({kind})
