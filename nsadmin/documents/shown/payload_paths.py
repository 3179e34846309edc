"""The paths of sampled payloads, each with the type of its values. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.advice.infer import infer
from nsadmin.advice.values import HOLDS, kind_of, values_at
from nsadmin.documents.query.operators import FieldType
from nsadmin.namespaces.schema.limits import FIELD_NAME_MAX
from nsadmin.namespaces.schema.payload_indexes import is_path

MOST_PATHS: Final = 200
_DEPTH: Final = 5
# Entries of one list that are looked into, and keys of one object.
_MOST_ENTRIES: Final = 5
_MOST_KEYS: Final = 300
_STRINGS: Final = HOLDS["keyword"]


@dataclass(frozen=True, slots=True)
class Seen:
    """The type of a path's values, and the share of documents that have some."""

    type: FieldType
    share: float


def seen_in(payloads: Sequence[Mapping[str, Any]]) -> dict[str, Seen]:
    """Return the paths with values that can be filtered by, the best filled first."""
    filled: Counter[str] = Counter()
    for payload in payloads:
        filled.update(set(_paths(payload, "", _DEPTH)))
    found: dict[str, Seen] = {}
    for path, _ in filled.most_common(MOST_PATHS):
        kind = _type(payloads, path)
        if kind is not None:
            share = sum(_has(payload, path) for payload in payloads) / len(payloads)
            found[path] = Seen(kind, share)
    return found


def _has(payload: Mapping[str, Any], path: str) -> bool:
    return next(values_at(payload, path), None) is not None


def _type(payloads: Sequence[Mapping[str, Any]], path: str) -> FieldType | None:
    """Return the type that a filter on the path takes; None if none can."""
    inference = infer(payloads, path)
    if inference.type is not None:
        return inference.type
    kinds = inference.kinds
    if kinds.keys() & _STRINGS:
        return "keyword"
    frequent = [kind for kind in kinds if kind in HOLDS]
    known: dict[str, FieldType] = {
        "integer": "integer",
        "float": "float",
        "bool": "bool",
        "geo": "geo",
    }
    return known.get(frequent[0]) if frequent else None


def _paths(value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[str]:
    for key in list(value)[:_MOST_KEYS]:
        path = f"{prefix}{key}"
        if len(path) <= FIELD_NAME_MAX and is_path(path) and "[]" not in key:
            yield from _below(value[key], path, depth)


def _below(value: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and kind_of(value) != "geo":
        if depth:
            yield from _paths(value, f"{path}.", depth - 1)
        return
    if isinstance(value, list) and depth:
        objects = [v for v in value[:_MOST_ENTRIES] if _is_object(v)]
        for entry in objects:
            yield from _paths(entry, f"{path}[].", depth - 1)
        if objects:
            return
    if value is not None:
        yield path


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) and kind_of(value) != "geo"
