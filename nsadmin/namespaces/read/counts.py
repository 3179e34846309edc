"""Counts of a namespace's resources and documents."""

from dataclasses import dataclass
from datetime import datetime

from nsadmin.errors import Unavailable
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.stores.mongo import resources

_MAX_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a namespace's resources; None while unknown, never 0 for unknown.

    `documents_at` is when Qdrant told the number of documents, which may be long ago.
    """

    documents: int | None
    objects: int | None
    buckets: int | None
    collections: int | None
    retrievers: int | None
    taxonomies: int | None
    documents_at: datetime | None = None


def counts_of(namespace_id: str, *, from_mirror: bool = False) -> Counts:
    """Count resources in the store; documents come from the last snapshot of Qdrant.

    While the store is unavailable, the counts of the mirror are returned.
    """
    look = LastLook.objects.filter(namespace_id=namespace_id).first()
    documents = (look.live or {}).get("points") if look is not None else None
    at = look.live_at if look is not None and documents is not None else None
    if not from_mirror:
        try:
            stored = _stored_counts(namespace_id)
            return Counts(documents, **stored, documents_at=at)
        except Unavailable:
            pass
    row = MirroredNamespace.objects.filter(namespace_id=namespace_id).first()
    if row is None:
        return Counts(documents, None, None, None, None, None, at)
    return Counts(
        documents if documents is not None else row.document_count,
        row.object_count,
        row.bucket_count,
        row.collection_count,
        row.retriever_count,
        row.taxonomy_count,
        at if documents is not None else row.document_count_at,
    )


def _stored_counts(namespace_id: str) -> dict[str, int]:
    counted = resources.counts(namespace_id, within_s=1)
    return {str(kind): n for kind, n in counted.items()}


def is_count(number: object) -> bool:
    """Tell whether this is a number of things that a column holds."""
    return isinstance(number, int) and 0 <= number <= _MAX_COUNT
