"""Differences between the namespace store, Qdrant and the mirror. Pure.

MongoDB is the source of truth for vectors, indexes and settings, Qdrant for the
number of points. The mirror is a copy of them that updates automatically.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.plan.desired import (
    ActualCollection,
    declared_indexes,
    expected_vectors,
)
from nsadmin.namespaces.plan.index_identity import is_same_index
from nsadmin.namespaces.plan.steps import format_parameters
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace

Right = Literal["namespace store", "Qdrant", "nobody"]
# The repair in `Repair` that removes the difference, or how else it is removed.
Way = Literal[
    "missing",
    "wrong",
    "extra",
    "collection",
    "process",
    "by itself",
    "clone",
    "look",
    "reference",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference between the namespace store, Qdrant and the mirror.

    `subject` is the name of the vector, field or collection. `wanted` is the value in
    the namespace store, `actual` the one in Qdrant and `shown` the one in the mirror;
    a value that does not apply is "".
    """

    kind: str
    right: Right
    way: Way
    subject: str = ""
    wanted: str = ""
    actual: str = ""
    shown: str = ""

    @property
    def sentence(self) -> str:
        """The difference as a sentence for people."""
        return _SENTENCES[self.kind].format(self)


_SENTENCES = {
    "collection_missing": (
        "Qdrant has no collection {0.subject}. Its points are lost or on another "
        "cluster. Restore a snapshot in Qdrant, or create the collection empty."
    ),
    "vector_missing": "The vector {0.subject} is declared but missing in Qdrant.",
    "vector_empty": (
        "The vector {0.subject} is on {0.actual}: searches by it find nothing. No "
        "repair can compute it; process the collections of its extractor again."
    ),
    "vector_size": (
        "The vector {0.subject} is {0.actual} in Qdrant, but its extractor needs "
        "{0.wanted}. Points cannot change size: clone into a new namespace."
    ),
    "vector_extra": (
        "Qdrant has a vector {0.subject} that no extractor declares. Append its "
        "extractor, or leave it: searches never use it, but it uses memory."
    ),
    "index_missing": "The index on {0.subject} is declared but missing in Qdrant.",
    "index_other": (
        "The index on {0.subject} is {0.actual} in Qdrant, but declared as {0.wanted}."
    ),
    "index_extra": "Qdrant has an index on {0.subject} that is not declared.",
    "pending": "A change is accepted, but not finished in Qdrant yet.",
    "mirror_behind": "Lists show revision {0.shown}; the namespace is at {0.wanted}.",
    "count_behind": "Lists show {0.shown} documents; Qdrant has {0.actual}.",
    "tier_behind": "Lists show the tier {0.shown}; the tier is {0.wanted}.",
    "more": "… and {0.actual} more differences.",
    "reference_broken": (
        "Broken reference: {0.subject}, but this namespace has no such {0.wanted}. "
        "Restore it, or remove the id there."
    ),
    "reference_objects": (
        "Broken references: {0.subject} ({0.actual}), but this namespace has no such "
        "{0.wanted}. Restore it, or upload these objects again."
    ),
    "orphan": (
        "The collection {0.subject} belongs to no namespace; it holds {0.actual}. "
        "This console cannot drop it: check its points, then drop it in Qdrant."
    ),
}


def compare(
    namespace: Namespace, snapshot: Snapshot | None, row: MirroredNamespace | None
) -> list[Drift]:
    """Return the differences; without an answer of Qdrant, none that concern it."""
    found: list[Drift] = []
    if snapshot is not None and snapshot.ok:
        if not snapshot.exists or snapshot.live is None:
            name = namespace.collection
            gone = Drift(
                kind="collection_missing",
                subject=name,
                wanted=name,
                right="namespace store",
                way="collection",
            )
            return [gone, *_mirror_differences(namespace, row)]
        seen = probe.actual_from_snapshot(snapshot)
        found += [
            *_vector_differences(namespace, seen),
            *_empty_vectors(namespace, seen, snapshot),
        ]
        found += _index_differences(namespace, seen)
    if namespace.raw.get("pending"):
        revision = f"{namespace.revision:,}"
        observed = f"{namespace.observed_revision:,}"
        found.append(
            Drift(
                kind="pending",
                wanted=revision,
                actual=observed,
                right="namespace store",
                way="by itself",
            )
        )
    return [
        *found,
        *_mirror_differences(namespace, row),
        *_count_differences(snapshot, row),
    ]


def _format_shape(size: int, distance: str) -> str:
    return f"{size:,} {distance}"


def _vector_differences(
    namespace: Namespace, seen: ActualCollection
) -> Iterator[Drift]:
    expected = expected_vectors(namespace)
    for name, shape in expected.items():
        there = seen.vectors.get(name)
        wanted = _format_shape(*shape)
        if there is None:
            yield Drift(
                kind="vector_missing",
                subject=name,
                wanted=wanted,
                right="namespace store",
                way="missing",
            )
        elif tuple(there) != shape:
            yield Drift(
                kind="vector_size",
                subject=name,
                wanted=wanted,
                actual=_format_shape(*there),
                right="namespace store",
                way="clone",
            )
    for name, there in seen.vectors.items():
        if name not in expected:
            yield Drift(
                kind="vector_extra",
                subject=name,
                actual=_format_shape(*there),
                right="nobody",
                way="look",
            )


def _empty_vectors(
    namespace: Namespace, seen: ActualCollection, snapshot: Snapshot
) -> Iterator[Drift]:
    """Yield the vectors that no point has; some points may rightly lack a vector."""
    for name in expected_vectors(namespace):
        counted = snapshot.vector_count(name)
        if name not in seen.vectors or counted is None or not seen.points:
            continue
        have, points = counted
        if points and not have:
            noun = "point" if points == 1 else "points"
            yield Drift(
                kind="vector_empty",
                subject=name,
                wanted=name,
                actual=f"0 of {points:,} {noun}",
                right="namespace store",
                way="process",
            )


def _format_index(schema: dict[str, Any]) -> str:
    known = {"type": schema["type"], **schema}
    more = format_parameters(known) if schema["type"] else ""
    return f"{schema['type']}, {more}" if more else str(schema["type"])


def _index_differences(namespace: Namespace, seen: ActualCollection) -> Iterator[Drift]:
    declared = declared_indexes(namespace)
    for field, schema in declared.items():
        there = seen.indexes.get(field)
        wanted = _format_index(schema)
        if there is None:
            yield Drift(
                kind="index_missing",
                subject=field,
                wanted=wanted,
                right="namespace store",
                way="missing",
            )
        elif not is_same_index(schema, there):
            yield Drift(
                kind="index_other",
                subject=field,
                wanted=wanted,
                actual=_format_index({**there}),
                right="namespace store",
                way="wrong",
            )
    for field, there in seen.indexes.items():
        if field not in declared:
            yield Drift(
                kind="index_extra",
                subject=field,
                actual=_format_index({**there}),
                right="namespace store",
                way="extra",
            )


def _mirror_differences(
    namespace: Namespace, row: MirroredNamespace | None
) -> Iterator[Drift]:
    if row is None:
        return
    if row.revision != namespace.revision:
        yield Drift(
            kind="mirror_behind",
            wanted=f"{namespace.revision:,}",
            shown=f"{row.revision:,}",
            right="namespace store",
            way="by itself",
        )
    elif row.tier != namespace.tier:
        yield Drift(
            kind="tier_behind",
            wanted=namespace.tier,
            shown=row.tier,
            right="namespace store",
            way="by itself",
        )


def _count_differences(
    snapshot: Snapshot | None, row: MirroredNamespace | None
) -> Iterator[Drift]:
    if row is None or snapshot is None or not snapshot.ok or snapshot.live is None:
        return
    shown = row.document_count
    if shown is not None and shown != snapshot.live.points:
        yield Drift(
            kind="count_behind",
            actual=f"{snapshot.live.points:,}",
            shown=f"{shown:,}",
            right="Qdrant",
            way="by itself",
        )
