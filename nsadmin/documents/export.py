"""The documents that a filter finds, as a stream of JSON lines."""

from collections.abc import Iterator
from dataclasses import dataclass

from nsadmin.documents.collection import Opened
from nsadmin.documents.query.filters import EVERY, Filter


@dataclass(frozen=True, slots=True)
class Export:
    """A file in parts; `lines` asks Qdrant while it is read, and is read once.

    Each line is a document, `{"id": …, "payload": …}`. The last is
    `{"export": {"documents": …, "is_complete": …, "reason": …}}`.
    """

    filename: str
    lines: Iterator[bytes]


def start_export(
    opened: Opened, *, asked: Filter = EVERY, with_vectors: bool = False
) -> Export:
    """Begin an export, which is recorded in the audit now and at its end.

    The caller has checked DOCUMENT_EXPORT. At most NSADMIN_EXPORT_DOCUMENTS documents
    and NSADMIN_EXPORT_BYTES bytes. Raises Conflict while an export of the same
    organization runs, and as lists do.
    """
    raise NotImplementedError
