"""The mirror: documents of the namespace store as rows for searching and sorting."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import DataError, transaction
from django.db.models import Q
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import Unavailable
from nsadmin.jobs import items
from nsadmin.names import clip, composed, search_text
from nsadmin.namespaces.models import (
    LastLook,
    LookSlot,
    MirroredNamespace,
    MirrorFill,
)
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.readable import require_id
from nsadmin.namespaces.read import history
from nsadmin.namespaces.read.document_copy import redact_secrets, restore_document
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.namespaces.schema.text import name_key
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources

# The name of the comparison in the rows of failed items.
LOOP = "mirror"
_NAME_LENGTH = 128
_MAX_COUNT = 2**63 - 1
_COUNTED: Mapping[str, resources.Kind] = {
    "object_count": "objects",
    "bucket_count": "buckets",
    "collection_count": "collections",
    "retriever_count": "retrievers",
    "taxonomy_count": "taxonomies",
}


def read_row(row: MirroredNamespace) -> Namespace:
    """Return the namespace of a row; its faults are those of the document itself."""
    namespace = document.read(restore_document(row.document))
    return replace(namespace, namespace_id=row.namespace_id, faults=tuple(row.faults))


def mirror_one(raw: Raw) -> None:
    """Update one row from its document; an older document changes nothing.

    The name of a clone's source is set by `reconcile`; until then it is unchanged.
    """
    require_id(raw)
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

    A document that fails is recorded, and its row stays as it was. Returns the number
    of rows that were written or deleted.
    """
    began = timezone.now()
    documents = list(store.every())
    comparison = _Comparison(documents, began)
    tally = items.each(
        LOOP,
        documents,
        comparison.compare,
        key=lambda raw: str(raw.get("_id")),
        is_complete=True,
    )
    dropped, _ = MirroredNamespace.objects.filter(
        namespace_id__in=list(comparison.rows), mirrored_at__lt=began
    ).delete()
    record_filled(tally.done)
    return comparison.insert() + comparison.written + dropped


class _Comparison:
    """One comparison of all documents with their rows.

    `rows` are those whose document was not met yet, `written` counts updated rows.
    """

    def __init__(self, documents: Sequence[Raw], began: datetime) -> None:
        self._began = began
        self._organizations = _organizations()
        self._counts = {
            field: resources.counts_by_namespace(kind)
            for field, kind in _COUNTED.items()
        }
        self._looks = {look.namespace_id: look for look in LastLook.objects.all()}
        self._names = {
            raw["_id"]: clip(str(raw.get("namespace_name") or ""), _NAME_LENGTH)
            for raw in documents
            if isinstance(raw.get("_id"), str)
        }
        self._new: list[MirroredNamespace] = []
        self.rows = {row.namespace_id: row for row in MirroredNamespace.objects.all()}
        self.written = 0

    def compare(self, raw: Raw) -> None:
        """Update the row of one document, or keep a new one for `insert`."""
        namespace = document.read(raw)
        key = namespace.namespace_id
        row = self.rows.pop(key, None)
        owner = self._organizations.get(namespace.internal_id, "")
        values = _values(namespace, owner)
        values |= {f: c.get(key, 0) for f, c in self._counts.items()}
        values |= _look_values(self._looks.get(key))
        values["source_name"] = self._names.get(namespace.source_namespace_id or "", "")
        if row is None:
            self._new.append(MirroredNamespace(namespace_id=key, **values))
        else:
            self.written += self._write(row, values, namespace)

    def insert(self) -> int:
        """Insert the rows of new documents; return their number.

        In bulk, since a fresh database lacks all rows. A row that another process
        added in the meantime is newer and stays.
        """
        try:
            with transaction.atomic():
                MirroredNamespace.objects.bulk_create(
                    self._new, batch_size=200, ignore_conflicts=True
                )
        except DataError:
            items.each(
                LOOP,
                self._new,
                MirroredNamespace.save,
                key=lambda row: row.namespace_id,
            )
        return len(self._new)

    def _write(
        self, row: MirroredNamespace, values: dict[str, Any], namespace: Namespace
    ) -> bool:
        """Update a row; return False if only its `mirrored_at` changed."""
        now = values.pop("mirrored_at")
        if all(getattr(row, k) == v for k, v in values.items()):
            MirroredNamespace.objects.filter(pk=row.pk).update(mirrored_at=now)
            return False
        values["mirrored_at"] = now
        # A row that was written before the documents were read is older, whatever
        # revision its document had: another writer may have set that back.
        is_older = Q(revision__lte=namespace.revision) | Q(mirrored_at__lt=self._began)
        MirroredNamespace.objects.filter(is_older, pk=row.pk).update(**values)
        return True


def record_filled(documents: int) -> None:
    """Record the time of a full comparison and the number of documents."""
    values = {"filled_at": timezone.now(), "documents": documents}
    MirrorFill.objects.update_or_create(pk=1, defaults=values)


def _organizations() -> dict[str, str]:
    pairs = Organization.objects.values_list("internal_id", "organization_id")
    return dict(pairs)


def _values(namespace: Namespace, organization_id: str) -> dict[str, Any]:
    required = required_indexes(namespace)
    return {
        "organization_id": organization_id,
        "internal_id": namespace.internal_id,
        "name": composed(namespace.name)[:_NAME_LENGTH],
        "name_key": name_key(namespace.name)[:256],
        "search_text": search_text(
            namespace.name,
            namespace.namespace_id,
            *(extractor.id for extractor in namespace.extractors),
            *(index.field_name for index in namespace.indexes),
            namespace.description or "",
        ),
        "unreadable": "\n".join(namespace.faults),
        "description": composed(namespace.description or ""),
        "scope": namespace.scope,
        "namespace_type": namespace.namespace_type,
        "tier": namespace.tier,
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
        "mirrored_at": timezone.now(),
        "document": redact_secrets(namespace.raw),
    }


def _look_values(look: LastLook | None) -> dict[str, Any]:
    """Return the columns that come from the last snapshot of Qdrant."""
    if look is None:
        return {"health": "unknown", "health_since": None}
    values: dict[str, Any] = {
        "document_count": _stored_count((look.live or {}).get("points")),
        "document_count_at": look.live_at if look.live else None,
        "health": history.status_of(look),
    }
    return values | {"health_since": None if look.ok else look.unknown_since}


def _stored_count(value: object) -> int | None:
    """Return a count that a column holds; None for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MAX_COUNT else None
