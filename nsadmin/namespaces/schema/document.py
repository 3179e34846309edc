"""A namespace document as a typed value; tolerant of foreign content. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from nsadmin.namespaces.schema import document_parts as parts
from nsadmin.namespaces.schema.payload_indexes import IndexType
from nsadmin.namespaces.schema.reader import MAX_ID_LENGTH, Reader, id_fault

Raw = dict[str, Any]
# The source of an index; only those of `user` and `auto` are stored.
Origin = Literal["user", "auto", "extractor", "system"]
Tier = Literal["shared", "dedicated_cpu", "dedicated_gpu"]
TYPES = ("standard", "marketplace")
SCOPES = ("org", "system")
# Of a clone whose copy was not verified, or that is discarded.
UNFINISHED_CLONE = ("cloning", "failed", "deleting")
CLONE_STATES = ("ready", *UNFINISHED_CLONE)
# In place of the content of a document whose BSON is damaged: the reason.
UNDECODED = "$undecoded"
STAND_IN = "unreadable-"
_DATES = (
    "created_at",
    "updated_at",
    "expires_at",
    "expiry_warned_at",
    "deleted_at",
    "purge_after",
)
_MAX_OWN_ID, _MAX_NAME, _MAX_LABEL = 64, 128, 254


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """A custom payload index of the document; `schema` includes its type."""

    field_name: str
    schema: Raw
    origin: Origin = "user"

    @property
    def type(self) -> IndexType:
        """The index type, one of eight."""
        kind: IndexType = self.schema["type"]
        return kind


@dataclass(frozen=True, slots=True)
class StoredExtractor:
    """A registered feature extractor; `params` may omit defaults."""

    name: str
    version: str
    params: Raw | None

    @property
    def id(self) -> str:
        """`name_version`."""
        return f"{self.name}_{self.version}"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace as stored; `raw` is the document itself.

    `faults` has a sentence for each value of it that cannot be read, such as
    `payload_indexes.0 is text, expected an object`.
    """

    namespace_id: str
    internal_id: str
    name: str
    namespace_type: str
    scope: str
    description: str | None
    infrastructure: Raw
    cluster_id: str | None
    extractors: tuple[StoredExtractor, ...]
    indexes: tuple[StoredIndex, ...]
    auto_create_indexes: bool
    vector_inference_map: dict[str, str]
    muted_auto_indexes: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    expiry_warned_at: datetime | None
    revision: int
    observed_revision: int
    clone_status: str | None
    clone_error: str | None
    clone_task_id: str | None
    source_namespace_id: str | None
    is_protected: bool
    deletion_task_id: str | None
    deleted_at: datetime | None
    purge_after: datetime | None
    deleted_by: str | None
    faults: tuple[str, ...]
    raw: Raw

    @property
    def label(self) -> str:
        """What people read for it: the name; the id where the name is empty."""
        return self.name or self.namespace_id

    @property
    def collection(self) -> str:
        """The name of the Qdrant collection; the id where none is stored."""
        return str(self.infrastructure.get("qdrant_collection") or self.namespace_id)

    @property
    def tier(self) -> Tier:
        """The compute tier; anything unknown counts as shared."""
        tier = self.infrastructure.get("compute_tier")
        if tier == "dedicated_cpu":
            return "dedicated_cpu"
        return "dedicated_gpu" if tier == "dedicated_gpu" else "shared"

    @property
    def is_system(self) -> bool:
        """Whether it belongs to the platform and is readable by all organizations."""
        return self.scope == "system"

    @property
    def is_unfinished_clone(self) -> bool:
        """Whether it is a clone whose copy was not verified, or that is discarded."""
        return self.clone_status in UNFINISHED_CLONE


def read(raw: Raw) -> Namespace:
    """Return the typed namespace; never raises, whatever the document holds.

    Null and missing values have their defaults. `faults` names what cannot be read;
    its value is the default too, or cut where that is safe.
    """
    reader = Reader()
    namespace_id = _identity(reader, raw)
    deletion = reader.object(raw, "deletion")
    if raw.get("namespace_name") in (None, ""):
        reader.note("namespace_name", "is missing")
    if raw.get("internal_id") in (None, ""):
        reader.note("internal_id", "is missing")
    parts.note_operations(reader, raw)
    values: Raw = {
        "internal_id": reader.id(raw, "internal_id", longest=_MAX_OWN_ID) or "",
        "name": reader.text(raw, "namespace_name", longest=_MAX_NAME) or "",
        "namespace_type": reader.choice(raw, "namespace_type", TYPES) or "standard",
        "scope": reader.choice(raw, "scope", SCOPES) or "org",
        "description": reader.text(raw, "description"),
        "infrastructure": parts.infrastructure(reader, raw),
        "cluster_id": reader.text(raw, "cluster_id", longest=_MAX_LABEL),
        "extractors": tuple(
            StoredExtractor(*entry) for entry in parts.extractors(reader, raw)
        ),
        "indexes": tuple(
            StoredIndex(field, schema, "auto" if origin == "auto" else "user")
            for field, schema, origin in parts.indexes(reader, raw)
        ),
        "auto_create_indexes": bool(reader.flag(raw, "auto_create_indexes")),
        "vector_inference_map": parts.inference_map(reader, raw),
        "muted_auto_indexes": tuple(
            field for _, field in reader.entries(raw, "muted_auto_indexes", "text")
        ),
        **{key: reader.date(raw, key) for key in _DATES},
        "revision": reader.whole(raw, "revision") or 0,
        "observed_revision": reader.whole(raw, "observed_revision") or 0,
        "clone_status": reader.choice(raw, "clone_status", CLONE_STATES),
        "clone_error": reader.text(raw, "clone_error"),
        "clone_task_id": reader.id(raw, "clone_task_id", longest=_MAX_OWN_ID),
        "source_namespace_id": reader.id(
            raw, "source_namespace_id", longest=MAX_ID_LENGTH
        ),
        "is_protected": bool(reader.flag(raw, "protected")),
        "deletion_task_id": reader.uuid(deletion or {}, "task_id", at="deletion"),
        "deleted_by": reader.text(raw, "deleted_by", longest=_MAX_LABEL),
    }
    return Namespace(namespace_id=namespace_id, faults=reader.faults, raw=raw, **values)


def _identity(reader: Reader, raw: Raw) -> str:
    """Return the id: `_id`, which all reads and writes use.

    A document whose `_id` cannot be part of an address has a stand-in for its id, by
    which its row of the mirror is found; the store finds nothing by it.
    """
    if UNDECODED in raw:
        reader.note("document", f"cannot be decoded: {raw[UNDECODED]}")
    stored = raw.get("_id", raw.get("namespace_id"))
    if fault := id_fault(stored):
        reader.note("_id", fault)
        return _stand_in(stored)
    other = raw.get("namespace_id")
    if other is not None and other != stored:
        reader.note("namespace_id", "is not the same as _id, by which it is found")
    return str(stored)


def key_of(stored: object) -> str:
    """Return the id of a namespace whose document has this `_id`, as `read` does."""
    return _stand_in(stored) if id_fault(stored) else str(stored)


def _stand_in(stored: object) -> str:
    digest = hashlib.sha256(f"{type(stored).__name__} {stored!r}".encode()).hexdigest()
    return f"{STAND_IN}{digest[:16]}"


def is_stand_in(identifier: str) -> bool:
    """Tell whether it has the form of a stand-in for an id without an address."""
    return identifier.startswith(STAND_IN)


def is_tombstone(raw: Raw) -> bool:
    """Tell whether the namespace is a tombstone: deleted but restorable."""
    return Reader().date(raw, "deleted_at") is not None


def is_deleting(raw: Raw) -> bool:
    """Tell whether the namespace is deleted, being deleted or being discarded."""
    is_discarded = raw.get("clone_status") == "deleting"
    return is_tombstone(raw) or bool(raw.get("deletion")) or is_discarded


def has_operation(raw: Raw, op_id: str) -> bool:
    """Tell whether the document lists the operation as accepted."""
    return any(
        entry.get("op_id") == op_id
        for key in ("changes", "pending")
        for _, entry in Reader().entries(raw, key, "object")
    )


def index_entry(index: StoredIndex) -> Raw:
    """Return the entry of `payload_indexes` that stores an index."""
    return {
        "field_name": index.field_name,
        "type": index.type,
        "field_schema": dict(index.schema),
        "is_protected": False,
        "origin": index.origin,
    }
