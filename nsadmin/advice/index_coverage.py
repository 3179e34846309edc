"""The fields that an index serves, and how many points it holds, as Qdrant says.

An index serves a field if it is declared and in the last snapshot. What it holds is
Qdrant's count of its points beside the count of points that have a value. Both change
while points are written, and the first lags while Qdrant optimizes; so only a clear
difference counts, and where a count cannot be had, nothing is said.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from nsadmin.advice.rules import LEAST_SHARE, Holding
from nsadmin.errors import Unavailable, UpstreamError
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES, is_path
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.collections import LiveCollection

# So many indexes are counted at a time, those that hold least first.
MAX_COUNTED = 20
_COUNT_S = 2.0
_ALL_COUNTS_S = 4.0


@dataclass(frozen=True, slots=True)
class Serving:
    """The declared indexes as {field: type, or "system"}, and those Qdrant lacks.

    `seen_at` is the time of the last answer of Qdrant; None if there was none, and
    then the missing indexes are not known. `silence` says why payloads cannot be
    sampled now; empty if they can.
    """

    declared: Mapping[str, str]
    missing: frozenset[str]
    seen_at: datetime | None
    silence: str

    def serves(self, field: str) -> bool:
        """Whether filters on the field are served by an index."""
        return field in self.declared and field not in self.missing


def fixed_fields(namespace: Namespace) -> set[str]:
    """Return the indexes that the system or an extractor requires."""
    return {*PROTECTED_INDEXES, *required_indexes(namespace)}


def serving(namespace: Namespace) -> Serving:
    """Compare the declared indexes with the snapshot, renewed if it is old."""
    return compared(namespace, probe.snapshot(namespace))


def compared(namespace: Namespace, seen: Snapshot | None) -> Serving:
    """Compare the declared indexes with a snapshot."""
    declared: dict[str, str] = {i.field_name: i.type for i in namespace.indexes}
    declared |= dict.fromkeys(fixed_fields(namespace), "system")
    told_at = seen.live_at if seen else None
    there = probe.actual_from_snapshot(seen).indexes if seen and told_at else declared
    return Serving(
        declared,
        frozenset(declared.keys() - there.keys()),
        told_at,
        silence=_silence(seen),
    )


def _silence(seen: Snapshot | None) -> str:
    if seen is None or not seen.ok:
        return "Qdrant does not answer, so no payloads could be sampled."
    if not seen.exists:
        return "The collection is missing in Qdrant, so there are no payloads."
    return ""


def holdings(
    namespace: Namespace, live: LiveCollection, fields: Iterable[str]
) -> dict[str, Holding]:
    """Return what those indexes hold that may hold too little; others are left out.

    An index with half of all points needs no count, which is not cheap. Nothing is
    returned while Qdrant optimizes or steps wait, as an index may still be built.
    """
    if live.status == "yellow" or namespace.raw.get("pending"):
        return {}
    few = {
        field: index.points
        for field in fields
        if is_path(field) and (index := live.indexes.get(field)) is not None
        if index.points < LEAST_SHARE * live.points
    }
    found = {}
    give_up = time.monotonic() + _ALL_COUNTS_S
    for field in sorted(few, key=lambda name: few[name])[:MAX_COUNTED]:
        if time.monotonic() > give_up:
            break
        try:
            counted = holding(namespace, field)
        except UpstreamError:
            continue  # strict mode, or a key that may not count
        except Unavailable:
            break
        if counted is not None:
            found[field] = counted
    return found


def holding(namespace: Namespace, field: str, *, sampled: int = 0) -> Holding | None:
    """Return what the index on a field holds now; None if there is no such index.

    Points whose value is null or an empty list have none; a list with a null in it is
    not counted either, as only some of these are in an index. `sampled` points are
    known to have one, which is taken where strict mode refuses to count. Raises
    Unavailable if Qdrant takes too long, UpstreamError if it refuses.
    """
    cluster, name = cluster_of(namespace), namespace.collection
    absent = [{"is_empty": {"key": field}}, {"is_null": {"key": field}}]
    where = {"must_not": absent}
    try:
        having = points.count(cluster, name, where=where, timeout_s=_COUNT_S)
    except UpstreamError:
        if not sampled:
            raise
        having = sampled
    live = collections.get(cluster, name, timeout_s=_COUNT_S)
    index = live.indexes.get(field) if live is not None else None
    if index is None:
        return None
    return Holding(index.type, having, index.points)
