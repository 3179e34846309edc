"""The comparison of all documents with their rows, which makes the mirror right."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import DataError, transaction
from django.db.models import Q
from django.utils import timezone

from nsadmin.access.models import Organization
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.mirror.document_copy import redact_secrets
from nsadmin.namespaces.models import (
    LastLook,
    MirroredDocument,
    MirroredNamespace,
    MirrorFill,
)
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources

# The name of the comparison in the rows of failed items.
LOOP = "mirror"


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
    _, deleted = MirroredNamespace.objects.filter(
        namespace_id__in=list(comparison.rows), mirrored_at__lt=began
    ).delete()
    dropped = deleted.get("namespaces.MirroredNamespace", 0)
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
            for field, kind in mirror.COUNTED.items()
        }
        self._looks = {look.namespace_id: look for look in LastLook.objects.all()}
        self._names = {
            raw["_id"]: clip(str(raw.get("namespace_name") or ""), mirror.NAME_LENGTH)
            for raw in documents
            if isinstance(raw.get("_id"), str)
        }
        self._new: list[tuple[MirroredNamespace, MirroredDocument]] = []
        rows = MirroredNamespace.objects.select_related("document")
        self.rows = {row.namespace_id: row for row in rows}
        self.written = 0

    def compare(self, raw: Raw) -> None:
        """Update the row of one document, or keep a new one for `insert`."""
        namespace = document.read(raw)
        key = namespace.namespace_id
        row = self.rows.pop(key, None)
        owner = self._organizations.get(namespace.internal_id, "")
        values = mirror.values_of(namespace, owner)
        values |= {f: c.get(key, 0) for f, c in self._counts.items()}
        values["source_name"] = self._names.get(namespace.source_namespace_id or "", "")
        content = redact_secrets(namespace.raw)
        if row is None:
            # From now on the looks themselves write what they find.
            values |= mirror.look_values(self._looks.get(key))
            new = MirroredNamespace(namespace_id=key, **values)
            self._new.append((new, MirroredDocument(namespace_id=key, content=content)))
        else:
            self.written += self._write(row, values, namespace, content)

    def insert(self) -> int:
        """Insert the rows of new documents; return their number.

        In bulk, since a fresh database lacks all rows. A row that another process
        added in the meantime is newer and stays.
        """
        try:
            with transaction.atomic():
                MirroredNamespace.objects.bulk_create(
                    [row for row, _ in self._new], batch_size=200, ignore_conflicts=True
                )
                MirroredDocument.objects.bulk_create(
                    [kept for _, kept in self._new],
                    batch_size=200,
                    ignore_conflicts=True,
                )
        except DataError:
            items.each(
                LOOP,
                self._new,
                _save,
                key=lambda new: new[0].namespace_id,
            )
        return len(self._new)

    def _write(
        self,
        row: MirroredNamespace,
        values: dict[str, Any],
        namespace: Namespace,
        content: Raw,
    ) -> bool:
        """Update a row; return False if only its `mirrored_at` changed."""
        now = values.pop("mirrored_at")
        is_same = all(getattr(row, k) == v for k, v in values.items())
        if is_same and row.document.content == content:
            MirroredNamespace.objects.filter(pk=row.pk).update(mirrored_at=now)
            return False
        values["mirrored_at"] = now
        # A row that was written before the documents were read is older, whatever
        # revision its document had: another writer may have set that back.
        is_older = Q(revision__lte=namespace.revision) | Q(mirrored_at__lt=self._began)
        with transaction.atomic():
            if MirroredNamespace.objects.filter(is_older, pk=row.pk).update(**values):
                MirroredDocument.objects.filter(pk=row.pk).update(content=content)
        return True


def _save(new: tuple[MirroredNamespace, MirroredDocument]) -> None:
    row, kept = new
    with transaction.atomic():
        row.save()
        kept.save()


def record_filled(documents: int) -> None:
    """Record the time of a full comparison and the number of documents."""
    values = {"filled_at": timezone.now(), "documents": documents}
    MirrorFill.objects.update_or_create(pk=1, defaults=values)


def _organizations() -> dict[str, str]:
    pairs = Organization.objects.values_list("internal_id", "organization_id")
    return dict(pairs)
