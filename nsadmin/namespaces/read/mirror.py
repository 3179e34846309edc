"""The mirror: documents of the namespace store as rows for searching and sorting."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import Unavailable
from nsadmin.namespaces.models import (
    LastLook,
    LookSlot,
    MirroredNamespace,
    MirrorFill,
)
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.read import history
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.infrastructure import SECRET_KEYS
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources

_COUNTED: Mapping[str, resources.Kind] = {
    "object_count": "objects",
    "bucket_count": "buckets",
    "collection_count": "collections",
    "retriever_count": "retrievers",
    "taxonomy_count": "taxonomies",
}


def redact_secrets(raw: Raw) -> Raw:
    """Return a JSON-ready copy of a document without secrets and pending changes."""

    def clean(value: Any) -> Any:
        if isinstance(value, datetime):
            return {"$date": value.isoformat()}
        if isinstance(value, Mapping):
            return {k: clean(v) for k, v in value.items() if k not in SECRET_KEYS}
        if isinstance(value, list):
            return [clean(item) for item in value]
        return value if isinstance(value, (str, int, float, bool)) else None

    cleaned: Raw = clean({k: v for k, v in raw.items() if k != "pending"})
    infrastructure = raw.get("infrastructure") or {}
    if isinstance(cleaned.get("infrastructure"), dict):
        cleaned["infrastructure"]["qdrant_api_key_provided"] = bool(
            infrastructure.get("qdrant_api_key_sealed")
        )
    return cleaned


def restore_document(kept: Raw) -> Raw:
    """Return the document from a copy made by `redact_secrets`, with dates restored."""

    def restore(value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"$date"}:
                return datetime.fromisoformat(value["$date"])
            return {k: restore(v) for k, v in value.items()}
        return [restore(v) for v in value] if isinstance(value, list) else value

    restored: Raw = restore(kept)
    return restored


def mirror_one(raw: Raw) -> None:
    """Update one row from its document; an older document changes nothing.

    The name of a clone's source is set by `reconcile`; until then it is unchanged.
    """
    namespace = document.read(raw)
    owner = owner_of(namespace.internal_id)
    values = _values(namespace, owner.organization_id if owner else "")
    row = MirroredNamespace.objects.filter(namespace_id=namespace.namespace_id)
    if row.filter(revision__lte=namespace.revision).update(**values):
        return
    MirroredNamespace.objects.get_or_create(
        namespace_id=namespace.namespace_id, defaults=values
    )


def record_snapshot(look: LastLook) -> None:
    """Copy a snapshot's document count and health to the row of its namespace."""
    MirroredNamespace.objects.filter(namespace_id=look.namespace_id).update(
        **_look_values(look)
    )


def record_counts(namespace_id: str) -> None:
    """Update a row's counts of resources; they stay while the store is unavailable."""
    try:
        counted = resources.counts(namespace_id, within_s=1)
    except Unavailable:
        return
    MirroredNamespace.objects.filter(namespace_id=namespace_id).update(
        **{field: counted[kind] for field, kind in _COUNTED.items()}
    )


def forget(namespace_id: str) -> None:
    """Delete the rows of a namespace that no longer exists in the store."""
    MirroredNamespace.objects.filter(namespace_id=namespace_id).delete()
    LastLook.objects.filter(namespace_id=namespace_id).delete()
    LookSlot.objects.filter(namespace_id=namespace_id).delete()


def reconcile() -> int:
    """Compare all documents with their rows, update rows and delete obsolete ones.

    Returns the number of rows that were written or deleted.
    """
    organizations = _organizations()
    counts = {
        field: resources.counts_by_namespace(kind) for field, kind in _COUNTED.items()
    }
    looks = {look.namespace_id: look for look in LastLook.objects.all()}
    rows = {row.namespace_id: row for row in MirroredNamespace.objects.all()}
    began = timezone.now()
    names: dict[str, str] = {}
    documents = list(store.every())
    for raw in documents:
        names[str(raw["_id"])] = str(raw.get("namespace_name") or "")
    written, new = 0, []
    for raw in documents:
        namespace = document.read(raw)
        values = _values(namespace, organizations.get(namespace.internal_id, ""))
        values |= {f: c.get(namespace.namespace_id, 0) for f, c in counts.items()}
        values |= _look_values(looks.get(namespace.namespace_id))
        values["source_name"] = names.get(namespace.source_namespace_id or "", "")
        row = rows.pop(namespace.namespace_id, None)
        if row is None:
            key = namespace.namespace_id
            new.append(MirroredNamespace(namespace_id=key, **values))
        else:
            written += _write(row, values, namespace)
    # In bulk, since a fresh database lacks all rows. A row that another process added
    # in the meantime is newer and stays.
    MirroredNamespace.objects.bulk_create(new, batch_size=200, ignore_conflicts=True)
    stale = MirroredNamespace.objects.filter(
        namespace_id__in=list(rows), mirrored_at__lt=began
    )
    dropped, _ = stale.delete()
    record_filled(len(documents))
    return len(new) + written + dropped


def record_filled(documents: int) -> None:
    """Record the time of a full comparison and the number of documents."""
    values = {"filled_at": timezone.now(), "documents": documents}
    MirrorFill.objects.update_or_create(pk=1, defaults=values)


def _write(
    row: MirroredNamespace, values: dict[str, Any], namespace: Namespace
) -> bool:
    """Update a row; return False if only its `mirrored_at` changed."""
    now = values.pop("mirrored_at")
    if all(getattr(row, k) == v for k, v in values.items()):
        MirroredNamespace.objects.filter(pk=row.pk).update(mirrored_at=now)
        return False
    values["mirrored_at"] = now
    MirroredNamespace.objects.filter(
        namespace_id=namespace.namespace_id, revision__lte=namespace.revision
    ).update(**values)
    return True


def _organizations() -> dict[str, str]:
    pairs = Organization.objects.values_list("internal_id", "organization_id")
    return dict(pairs)


def _values(namespace: Namespace, organization_id: str) -> dict[str, Any]:
    required = required_indexes(namespace)
    return {
        "organization_id": organization_id,
        "internal_id": namespace.internal_id,
        "name": namespace.name[:128],
        "name_key": name_key(namespace.name)[:256],
        "description": namespace.description or "",
        "scope": namespace.scope[:16],
        "namespace_type": namespace.namespace_type[:16],
        "tier": namespace.tier,
        "extractor_ids": [extractor.id for extractor in namespace.extractors],
        "index_count": len(namespace.indexes) + len(PROTECTED_INDEXES) + len(required),
        "clone_status": (namespace.clone_status or "")[:16],
        "clone_error": (namespace.clone_error or "")[:1000],
        "clone_task_id": (namespace.clone_task_id or "")[:64],
        "source_namespace_id": namespace.source_namespace_id or "",
        "expires_at": namespace.expires_at,
        "is_protected": namespace.is_protected,
        "deletion_task_id": (namespace.deletion_task_id or "")[:64],
        "deleted_at": namespace.deleted_at,
        "purge_after": namespace.purge_after,
        "created_at": namespace.created_at,
        "updated_at": namespace.updated_at,
        "revision": namespace.revision,
        "observed_revision": namespace.observed_revision,
        "mirrored_at": timezone.now(),
        "document": redact_secrets(namespace.raw),
    }


def _look_values(look: LastLook | None) -> dict[str, Any]:
    """Return the columns that come from the last snapshot of Qdrant."""
    if look is None:
        return {"health": "unknown", "health_since": None}
    values: dict[str, Any] = {
        "document_count": (look.live or {}).get("points"),
        "document_count_at": look.live_at if look.live else None,
        "health": history.status_of(look),
    }
    return values | {"health_since": None if look.ok else look.unknown_since}
