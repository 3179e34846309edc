"""Refusing what would have to interpret a document that cannot be read. Pure.

A write keeps every part of the document that it does not change, so it goes on where
the odd part is another one.
"""

from collections.abc import Collection, Sequence

from nsadmin.errors import Conflict
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SEALED_FIELD
from nsadmin.namespaces.schema.reader import id_fault

# Without these it is unknown whether the document may be written at all.
_ALWAYS_NEEDED = frozenset(
    {
        "document",
        "_id",
        "namespace_id",
        "internal_id",
        "scope",
        "revision",
        "observed_revision",
        "changes",
        "pending",
        "clone_status",
        "deletion",
        "deleted_at",
        "protected",
    }
)
_PLACEMENT = (
    "document ",
    "infrastructure ",
    "infrastructure.compute_tier ",
    "infrastructure.qdrant_collection ",
    "infrastructure.qdrant_url ",
    f"infrastructure.{SEALED_FIELD} ",
)


def require_id(raw: Raw) -> str:
    """Return the id of a document; raise Conflict if it cannot be one."""
    stored = raw.get("_id", raw.get("namespace_id"))
    if fault := id_fault(stored):
        raise _refusal((f"_id {fault}",), "opened")
    return str(stored)


def require_readable(namespace: Namespace, fields: Collection[str] = ()) -> None:
    """Raise Conflict if a write would have to interpret what cannot be read.

    `fields` are the top-level fields that the write builds on. Those that decide on
    whether the document may be written at all are always among them.
    """
    needed = {*_ALWAYS_NEEDED, *fields}
    found = [fault for fault in namespace.faults if _field_of(fault) in needed]
    if found:
        raise _refusal(found, "changed")


def require_placement(namespace: Namespace) -> None:
    """Raise Conflict if it cannot be read where the namespace's collection is."""
    found = [fault for fault in namespace.faults if fault.startswith(_PLACEMENT)]
    if found:
        raise _refusal(found, "found in Qdrant")


def _refusal(faults: Sequence[str], verb: str) -> Conflict:
    return Conflict(
        f"This namespace cannot be {verb}, because its stored document cannot be read: "
        f"{faults[0]}. Correct it in MongoDB.",
        code="document_unreadable",
        details={"faults": list(faults)},
    )


def _field_of(fault: str) -> str:
    """Return the top-level field of a fault; of infrastructure the placement alone."""
    field = fault.partition(" ")[0].partition(".")[0]
    is_setting = field == "infrastructure" and not fault.startswith(_PLACEMENT)
    return "" if is_setting else field
