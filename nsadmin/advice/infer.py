"""Infer the index type of a field from sampled payload values. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nsadmin.advice.values import HOLDS, example, kind_of, values_at
from nsadmin.namespaces.schema.payload_indexes import IndexType

# The share of the strings that must be of one kind to decide for it.
_CLEARLY = 0.9
_EXAMPLES = 3
_INDEXABLE = frozenset().union(*HOLDS.values())
# The first type that holds every sampled value is taken.
_EXACT: tuple[IndexType, ...] = ("bool", "integer", "float", "uuid", "datetime", "geo")


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
        if self.type is not None:
            return f"Sampled values: {parts}."
        if not _INDEXABLE & self.kinds.keys():
            return f"No index can hold the sampled values: {parts}."
        return f"The sampled values are mixed: {parts}."


def infer(payloads: Iterable[Any], path: str) -> Inference:
    """Infer the type from the values at the path; its type is None for a mixture."""
    kinds: Counter[str] = Counter()
    examples: dict[str, None] = {}
    points = 0
    for payload in payloads:
        found = list(values_at(payload, path))
        points += bool(found)
        for value in found:
            kinds[kind_of(value)] += 1
            if len(examples) < _EXAMPLES:
                examples.setdefault(example(value))
    return Inference(
        type=_settled(kinds),
        kinds=dict(kinds.most_common()),
        values=kinds.total(),
        points=points,
        examples=tuple(examples),
    )


def _settled(kinds: Mapping[str, int]) -> IndexType | None:
    """Return the one type that can index all these kinds; None if there is none."""
    if not kinds:
        return None
    for exact in _EXACT:
        if kinds.keys() <= HOLDS[exact]:
            return exact
    return _of_strings(kinds) if kinds.keys() <= HOLDS["keyword"] else None


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
