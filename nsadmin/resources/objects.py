"""References of objects that name nothing, among a bounded number of objects."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from nsadmin.resources import reading
from nsadmin.resources.references.document import (
    Reference,
    ReferenceKind,
    references_of,
)
from nsadmin.resources.references.graph import Graph, Key, without_positions
from nsadmin.resources.references.kinds import Kind, is_kind
from nsadmin.resources.references.resource import LISTED_FIELDS, Raw
from nsadmin.stores.mongo import resource_reads as store

# Objects that one comparison of a namespace reads.
MOST_READ: Final = 20_000
_PAGE: Final = 2000
_PAGE_S: Final = 5.0
# Different ids in a field; more are not told apart.
_MOST_DIFFERENT: Final = 2000
_ASKED_AT_ONCE: Final = 500
_FIELDS: Final = ("object_id", "bucket_id", "source_details", "edges")

_Place = tuple[str, str, tuple[ReferenceKind, ...]]  # field, id, kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsFault:
    """An id in a field of `count` objects, of which `example` is one."""

    field: str
    value: str
    kinds: str
    count: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsScan:
    """The ids of objects that name nothing; `read` objects were looked at."""

    faults: tuple[ObjectsFault, ...]
    read: int
    is_whole: bool


@dataclass(slots=True)
class _Tally:
    """What the objects name, and how often; ids of objects that were seen."""

    counts: Counter[_Place] = field(default_factory=Counter)
    examples: dict[_Place, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def add(self, raw: Raw, references: list[Reference]) -> None:
        own_id = str(raw.get("object_id") or raw.get("_id"))
        self.seen.add(own_id)
        for reference in references:
            if not reference.is_required or reference.is_elsewhere:
                continue
            path = without_positions(reference.field)
            place = (path, reference.value, reference.kinds)
            if place in self.counts or len(self.counts) < _MOST_DIFFERENT:
                self.counts[place] += 1
                self.examples.setdefault(place, own_id)


def scan(namespace_id: str, graph: Graph, *, most: int = MOST_READ) -> ObjectsScan:
    """Read objects in the order of `_id` and return the ids that name nothing.

    Raises Unavailable if MongoDB does not answer.
    """
    tally = _Tally()
    read, after, is_whole = 0, None, False
    while read < most and not is_whole:
        limit = min(_PAGE, most - read)
        found = store.page(
            "objects",
            namespace_id,
            after=after,
            limit=limit,
            fields=_FIELDS,
            within_s=_PAGE_S,
        )
        for raw in found.documents:
            tally.add(raw, references_of("objects", raw, namespace_id))
        read += len(found.documents)
        is_whole = not found.is_cut and len(found.documents) < limit
        after = found.documents[-1].get("_id") if found.documents else None
        if after is None:
            break
    faults = _faults(namespace_id, graph, tally)
    return ObjectsScan(faults=faults, read=read, is_whole=is_whole)


def _faults(namespace_id: str, graph: Graph, tally: _Tally) -> tuple[ObjectsFault, ...]:
    missing = [p for p in tally.counts if not _is_known(p, graph, tally)]
    found = _found(namespace_id, graph, missing)
    return tuple(
        ObjectsFault(
            field=place[0],
            value=place[1],
            kinds=reading.names_of(place[2]),
            count=tally.counts[place],
            example=tally.examples[place],
        )
        for place in missing
        if not any((kind, place[1]) in found for kind in place[2])
    )


def _is_known(place: _Place, graph: Graph, tally: _Tally) -> bool:
    _, value, kinds = place
    if "objects" in kinds and value in tally.seen:
        return True
    return any((kind, value) in graph.resources for kind in kinds)


def _found(
    namespace_id: str, graph: Graph, missing: list[_Place]
) -> Mapping[Key, object]:
    """Return those that exist beyond what was read."""
    asked: dict[Kind, list[str]] = {}
    for _, value, kinds in missing:
        for kind in kinds:
            if is_kind(kind) and (kind == "objects" or kind in graph.left_out):
                asked.setdefault(kind, []).append(value)
    found: dict[Key, object] = {}
    for kind, values in asked.items():
        for start in range(0, len(values), _ASKED_AT_ONCE):
            some = values[start : start + _ASKED_AT_ONCE]
            rows = store.by_ids(kind, namespace_id, some, LISTED_FIELDS[kind][:1])
            found |= {(kind, str(row.get(LISTED_FIELDS[kind][0]))): row for row in rows}
    return found
