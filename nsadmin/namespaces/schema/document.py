"""A namespace document as a typed value; tolerant of foreign content. Pure."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    INDEX_TYPES,
    IndexType,
)

Raw = dict[str, Any]
# The source of an index; only those of `user` and `auto` are stored.
Origin = Literal["user", "auto", "extractor", "system"]
Tier = Literal["shared", "dedicated_cpu", "dedicated_gpu"]


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
    """A namespace as stored; `raw` is the document itself."""

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
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
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
    raw: Raw

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


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None


def _date(raw: Mapping[str, Any], key: str) -> datetime | None:
    value = raw.get(key)
    return value if isinstance(value, datetime) else None


def _indexes(raw: Mapping[str, Any]) -> tuple[StoredIndex, ...]:
    found = []
    for entry in raw.get("payload_indexes") or []:
        schema = entry.get("field_schema") or {}
        kind = entry.get("type") or schema.get("type")
        if kind not in INDEX_TYPES or entry.get("is_protected"):
            continue
        full = {**INDEX_DEFAULTS[kind], **schema, "type": kind}
        origin: Origin = "auto" if entry.get("origin") == "auto" else "user"
        found.append(StoredIndex(entry["field_name"], full, origin))
    return tuple(found)


def read(raw: Raw) -> Namespace:
    """Return the typed namespace; null, missing or foreign values never raise."""
    return Namespace(
        namespace_id=str(raw.get("namespace_id") or raw["_id"]),
        internal_id=str(raw.get("internal_id") or ""),
        name=str(raw.get("namespace_name") or ""),
        namespace_type=_text(raw, "namespace_type") or "standard",
        scope=_text(raw, "scope") or "org",
        description=_text(raw, "description"),
        infrastructure=copy.deepcopy(raw.get("infrastructure") or {}),
        cluster_id=_text(raw, "cluster_id"),
        extractors=tuple(
            StoredExtractor(e["feature_extractor_name"], e["version"], e.get("params"))
            for e in raw.get("feature_extractors") or []
        ),
        indexes=_indexes(raw),
        auto_create_indexes=bool(raw.get("auto_create_indexes")),
        vector_inference_map=dict(raw.get("vector_inference_map") or {}),
        created_at=_date(raw, "created_at"),
        updated_at=_date(raw, "updated_at"),
        expires_at=_date(raw, "expires_at"),
        revision=int(raw.get("revision") or 0),
        observed_revision=int(raw.get("observed_revision") or 0),
        clone_status=_text(raw, "clone_status"),
        clone_error=_text(raw, "clone_error"),
        clone_task_id=_text(raw, "clone_task_id"),
        source_namespace_id=_text(raw, "source_namespace_id"),
        is_protected=raw.get("protected") is True,
        deletion_task_id=_text(raw.get("deletion") or {}, "task_id"),
        deleted_at=_date(raw, "deleted_at"),
        purge_after=_date(raw, "purge_after"),
        raw=raw,
    )


def is_tombstone(raw: Raw) -> bool:
    """Tell whether the namespace is a tombstone: deleted but restorable."""
    return _date(raw, "deleted_at") is not None


def is_deleting(raw: Raw) -> bool:
    """Tell whether the namespace is deleted, being deleted or being discarded."""
    is_discarded = raw.get("clone_status") == "deleting"
    return is_tombstone(raw) or bool(raw.get("deletion")) or is_discarded


def has_operation(raw: Raw, op_id: str) -> bool:
    """Tell whether the document lists the operation as accepted."""
    entries = [*(raw.get("changes") or []), *(raw.get("pending") or [])]
    return any(entry.get("op_id") == op_id for entry in entries)


def index_entry(index: StoredIndex) -> Raw:
    """Return the entry of `payload_indexes` that stores an index."""
    return {
        "field_name": index.field_name,
        "type": index.type,
        "field_schema": dict(index.schema),
        "is_protected": False,
        "origin": index.origin,
    }
