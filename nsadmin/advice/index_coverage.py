"""The fields that an index serves: declared, and present in the last snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES


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
