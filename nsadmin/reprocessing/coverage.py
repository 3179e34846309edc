"""Measured coverage: the points of each collection that lack an extractor's vectors.

Qdrant counts exactly, by filters: `collection_id` and `has_vector`. A point counts as
processed once it has one of the measured vectors, because an extractor may rightly
leave one out, such as the transcript of a silent film.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nsadmin.errors import NsadminError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import Cluster

# Collections that are counted one by one, and what a request may name.
MOST_COLLECTIONS: Final = 50
_LISTED: Final = 10
_COUNT_S: Final = 1.0
_NAMES_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class CollectionCoverage:
    """A collection, its points, and those without the vectors; None if not counted."""

    collection_id: str
    name: str
    points: int | None = None
    lacking: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether no point of it lacks the vectors, as counted."""
        return self.lacking == 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """The collections of a namespace with their counts; `more` were left out."""

    rows: tuple[CollectionCoverage, ...]
    more: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every collection was counted."""
        return not self.more and all(row.lacking is not None for row in self.rows)

    @property
    def points(self) -> int:
        """The points of the counted collections."""
        return sum(row.points or 0 for row in self.rows)

    @property
    def lacking(self) -> int:
        """Those of them that lack the vectors."""
        return sum(row.lacking or 0 for row in self.rows)

    @property
    def lacking_rows(self) -> list[CollectionCoverage]:
        """The collections with points that lack the vectors, and those not counted."""
        return [row for row in self.rows if row.lacking != 0]

    @property
    def first_rows(self) -> list[CollectionCoverage]:
        """The first of these, as many as are listed beside an extractor."""
        return self.lacking_rows[:_LISTED]

    @property
    def unlisted(self) -> int:
        """The number of the others, and of the collections that were left out."""
        return max(0, len(self.lacking_rows) - _LISTED) + self.more


def measured_vectors(
    namespace: Namespace, extractor_id: str, snapshot: Snapshot | None
) -> list[str]:
    """Return the vectors by which the work of a registered extractor is measured.

    They are those that no point has, if there are such. Otherwise all but those that
    another registered extractor makes too, which say nothing, unless it has no other.
    Empty for an extractor without vectors, or one that is not registered.
    """
    of_each = {
        stored.id: [
            v.name for v in REGISTRY[stored.id].vectors_for(stored.params or {})
        ]
        for stored in namespace.extractors
        if stored.id in REGISTRY
    }
    own = of_each.pop(extractor_id, [])
    counts = {name: snapshot.vector_count(name) if snapshot else None for name in own}
    unused = [name for name in own if (count := counts[name]) and not count[0]]
    shared = {name for names in of_each.values() for name in names}
    return unused or [name for name in own if name not in shared] or own


def measure(
    namespace: Namespace,
    vectors: Sequence[str],
    *,
    within_s: float,
    only: Sequence[str] | None = None,
) -> Coverage:
    """Count the collections of a namespace, or `only` some; those too late are unknown.

    Raises Unavailable while MongoDB does not answer. An error of Qdrant ends counting:
    the collections from there on are unknown.
    """
    found, total = resources.first_collections(
        namespace.namespace_id, MOST_COLLECTIONS, within_s=_NAMES_S
    )
    named = [CollectionCoverage(key, name) for name, key in found]
    more = max(0, total - len(named))
    if only is not None:
        known = {row.collection_id: row.name for row in named}
        named = [CollectionCoverage(key, known.get(key, "")) for key in only]
        more = 0
    return Coverage(tuple(_counted(namespace, vectors, named, within_s)), more)


def _counted(
    namespace: Namespace,
    vectors: Sequence[str],
    rows: Sequence[CollectionCoverage],
    within_s: float,
) -> Iterator[CollectionCoverage]:
    until = time.monotonic() + within_s
    cluster: Cluster | None = None
    is_silent = not vectors
    for row in rows:
        left = until - time.monotonic()
        if is_silent or left <= 0:
            yield row
            continue
        try:
            cluster = cluster or cluster_of(namespace)
            yield _count(cluster, namespace, row, vectors, min(_COUNT_S, left))
        except NsadminError:
            is_silent = True
            yield row


def _count(
    cluster: Cluster,
    namespace: Namespace,
    row: CollectionCoverage,
    vectors: Sequence[str],
    timeout_s: float,
) -> CollectionCoverage:
    own = {"key": "collection_id", "match": {"value": row.collection_id}}
    without = [{"has_vector": vector} for vector in vectors]
    name = namespace.collection
    with probe.track_reachability(cluster):
        lacking = points.count(
            cluster,
            name,
            where=_filter([own], without),
            timeout_s=timeout_s,
        )
        every = points.count(cluster, name, where=_filter([own]), timeout_s=timeout_s)
    # Points may have been written between the two counts.
    return CollectionCoverage(
        row.collection_id, row.name, points=max(every, lacking), lacking=lacking
    )


def _filter(
    must: list[dict[str, Any]], must_not: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {"must": must, **({"must_not": must_not} if must_not else {})}
