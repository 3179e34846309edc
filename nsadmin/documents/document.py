"""One document: its payload, its vectors and its origin, in bounded parts."""

from dataclasses import dataclass

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import PointId
from nsadmin.documents.shown.lineage import Lineage
from nsadmin.documents.shown.tree import Node, Slice
from nsadmin.documents.shown.vectors import ShownVector


@dataclass(frozen=True, slots=True)
class Document:
    """A document with what a page shows of it.

    `tree` is None and `unreadable` says why where the payload cannot be read. `json` is
    the start of the payload as indented JSON; `is_json_cut` tells that it goes on, see
    `payload_json`. `payload_bytes` is its size as JSON. `namesakes` counts other
    documents with the same `document_id`.
    """

    point_id: PointId
    document_id: str
    tree: Node | None
    json: str
    is_json_cut: bool
    payload_bytes: int
    vectors: tuple[ShownVector, ...]
    lineage: Lineage
    namesakes: int = 0
    unreadable: str = ""


def get_document(opened: Opened, identifier: str) -> Document:
    """Return a document by the id of its point or by its `document_id`.

    Raises NotFound for none and for one of another tenant, Unavailable, UpstreamError.
    """
    raise NotImplementedError


def value_at(opened: Opened, identifier: str, pointer: str, *, start: int = 0) -> Slice:
    """Return a part of one value from `start` on: 16,384 characters or 200 entries.

    Raises NotFound as well for a pointer to nothing; Invalid at `pointer` or `start`.
    """
    raise NotImplementedError


def payload_json(opened: Opened, identifier: str) -> bytes:
    """Return the whole payload as JSON, for a download; raises as `get_document`."""
    raise NotImplementedError


def vector_json(opened: Opened, identifier: str, name: str) -> bytes:
    """Return all numbers of one vector as JSON, as Qdrant gives them, for a download.

    Raises NotFound for a vector that the document has not.
    """
    raise NotImplementedError
