"""The mirror: documents of the namespace store as rows for searching and sorting."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import Unavailable
from nsadmin.names import composed, search_lines, with_starts
from nsadmin.namespaces.mirror.document_copy import redact_secrets, restore_document
from nsadmin.namespaces.mirror.status import status_for
from nsadmin.namespaces.models import (
    LastLook,
    LookSlot,
    MirroredDocument,
    MirroredNamespace,
)
from nsadmin.namespaces.models.mirrored import clones_of
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.readable import require_id
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import resources

NAME_LENGTH = 128
_MAX_COUNT = 2**63 - 1
_MAX_ADDRESS = 500
UNREADY_AGAIN = timedelta(minutes=1)
COUNTED: Mapping[str, resources.Kind] = {
    "object_count": "objects",
    "bucket_count": "buckets",
    "collection_count": "collections",
    "retriever_count": "retrievers",
    "taxonomy_count": "taxonomies",
}


def read_row(row: MirroredNamespace, *, without: Collection[str] = ()) -> Namespace:
    """Return the namespace of a row; its faults are those of the document itself.

    Its document is a query of its own unless the rows were read with it. Fields
    `without` which it is read have their defaults, and cost nothing.
    """
    content = {k: v for k, v in row.document.content.items() if k not in without}
    namespace = document.read(restore_document(content))
    return replace(namespace, namespace_id=row.namespace_id, faults=tuple(row.faults))


def mirror_one(raw: Raw) -> None:
    """Update one row from its document; an older document changes nothing.

    Later comparisons find the row right, so names of sources are set here as well.
    """
    require_id(raw)
    namespace = document.read(raw)
    owner = owner_of(namespace.internal_id)
    values = values_of(namespace, owner.organization_id if owner else "")
    key = namespace.namespace_id
    row = MirroredNamespace.objects.filter(namespace_id=key)
    with transaction.atomic():
        if row.filter(revision__lte=namespace.revision).update(**values):
            is_written = True
        else:
            _, is_written = row.get_or_create(namespace_id=key, defaults=values)
        if is_written:
            MirroredDocument.objects.update_or_create(
                namespace_id=key, defaults={"content": redact_secrets(namespace.raw)}
            )
            _name_source(namespace, values["name"])


def _name_source(namespace: Namespace, name: str) -> None:
    """Set the name of the source in a clone's row, and this one's in its clones."""
    key, source = namespace.namespace_id, namespace.source_namespace_id
    rows = MirroredNamespace.objects
    clones_of([key]).exclude(source_name=name).update(source_name=name)
    if source:
        known = rows.filter(namespace_id=source).values_list("name", flat=True).first()
        clone = rows.filter(namespace_id=key).exclude(source_name=known or "")
        clone.update(source_name=known or "")


def record_snapshot(look: LastLook) -> None:
    """Copy a snapshot's document count and health to the row of its namespace.

    A collection that is not ready is asked again soon.
    """
    row = MirroredNamespace.objects.filter(namespace_id=look.namespace_id)
    values = look_values(look)
    row.update(**values, changed_at=None)
    if values["health"] != "ready":
        soon = look.taken_at + UNREADY_AGAIN
        row.filter(next_look_at__gt=soon).update(next_look_at=soon)


def look_soon(namespace_id: str) -> None:
    """Let the sampler ask for this collection in its next turn."""
    row = MirroredNamespace.objects.filter(namespace_id=namespace_id)
    row.update(next_look_at=timezone.now())


def record_counts(namespace_id: str) -> None:
    """Update a row's counts of resources; they stay while the store is unavailable."""
    try:
        counted = resources.counts(namespace_id, within_s=1)
    except Unavailable:
        return
    MirroredNamespace.objects.filter(namespace_id=namespace_id).update(
        **{field: counted[kind] for field, kind in COUNTED.items()}
    )


def forget(namespace_id: str) -> None:
    """Delete the rows of a namespace that no longer exists in the store."""
    MirroredNamespace.objects.filter(namespace_id=namespace_id).delete()
    LastLook.objects.filter(namespace_id=namespace_id).delete()
    LookSlot.objects.filter(namespace_id=namespace_id).delete()


def values_of(namespace: Namespace, organization_id: str) -> dict[str, Any]:
    """Return the columns that come from the document."""
    searched = with_starts(lines_of(namespace))
    values = plain_values_of(namespace, organization_id)
    # A document from elsewhere than the store's answer has no digest.
    known = {"digest": None, "mirrored_at": timezone.now()}
    return {**values, "search_text": searched, **known}


def lines_of(namespace: Namespace) -> str:
    """Return the lines of `search_text`, which is much longer in the making."""
    return search_lines(
        namespace.name,
        namespace.namespace_id,
        *(extractor.id for extractor in namespace.extractors),
        *(index.field_name for index in namespace.indexes),
        namespace.description or "",
    )


def plain_values_of(namespace: Namespace, organization_id: str) -> dict[str, Any]:
    """Return the columns that come from the document, but for `search_text`."""
    required = required_indexes(namespace)
    return {
        "organization_id": organization_id,
        "internal_id": namespace.internal_id,
        "name": composed(namespace.name)[:NAME_LENGTH],
        "name_key": name_key(namespace.name)[:256],
        "unreadable": "\n".join(namespace.faults),
        "description": composed(namespace.description or ""),
        "scope": namespace.scope,
        "namespace_type": namespace.namespace_type,
        "tier": namespace.tier,
        "cluster_url": _address(namespace),
        "collection": namespace.collection[:255],
        "auto_create_indexes": namespace.auto_create_indexes,
        "extractor_ids": [extractor.id for extractor in namespace.extractors],
        "index_count": len(namespace.indexes) + len(PROTECTED_INDEXES) + len(required),
        "clone_status": namespace.clone_status or "",
        "clone_error": (namespace.clone_error or "")[:1000],
        "clone_task_id": namespace.clone_task_id or "",
        "source_namespace_id": namespace.source_namespace_id or "",
        "expires_at": namespace.expires_at,
        "is_protected": namespace.is_protected,
        "deletion_task_id": namespace.deletion_task_id or "",
        "deleted_at": namespace.deleted_at,
        "purge_after": namespace.purge_after,
        "created_at": namespace.created_at,
        "updated_at": namespace.updated_at,
        "revision": namespace.revision,
        "observed_revision": namespace.observed_revision,
    }


def look_values(look: LastLook | None) -> dict[str, Any]:
    """Return the columns that come from the last snapshot of Qdrant."""
    if look is None:
        return {"health": "unknown", "health_since": None, "looked_at": None}
    values: dict[str, Any] = {
        "document_count": _stored_count((look.live or {}).get("points")),
        "document_count_at": look.live_at if look.live else None,
        "health": status_of(look),
        "looked_at": look.live_at,
    }
    return values | {"health_since": None if look.ok else look.unknown_since}


def status_of(look: LastLook) -> str:
    """Return the status of a snapshot; unknown if Qdrant was silent."""
    color = (look.live or {}).get("status")
    return status_for(color, ok=look.ok, exists=look.exists)


def _address(namespace: Namespace) -> str:
    """Return the address of a dedicated cluster; empty for none, or for no address."""
    url = namespace.infrastructure.get("qdrant_url")
    is_kept = namespace.tier != "shared" and isinstance(url, str)
    return str(url) if is_kept and len(str(url)) <= _MAX_ADDRESS else ""


def _stored_count(value: object) -> int | None:
    """Return a count that a column holds; None for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_COUNT else None
