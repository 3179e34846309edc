"""Rows of a list, made of the points that Qdrant returned. Pure."""

from collections.abc import Sequence
from typing import Final

from nsadmin.advice.values import moment
from nsadmin.documents.found import PointId, Row
from nsadmin.documents.shown.cells import Cell
from nsadmin.documents.shown.paths import text_at
from nsadmin.names import clip

# What every row shows, in either layout of payloads.
ROW_FIELDS: Final = (
    "document_id",
    "created_at",
    "updated_at",
    "_internal.document_id",
    "_internal.created_at",
    "_internal.updated_at",
)
_ID_LENGTH: Final = 64
# Names of vectors in a row, and how long each may be.
MOST_VECTORS: Final = 8
_VECTOR_LENGTH: Final = 48

Payload = dict[str, object]


def row_of(
    point_id: PointId,
    payload: Payload,
    cells: tuple[Cell, ...],
    *,
    vectors: Sequence[str] | None,
    score: float | None = None,
) -> Row:
    """Return the row of a point; `payload` has what it has of the `ROW_FIELDS`."""
    return Row(
        point_id=point_id,
        document_id=clip(document_id_of(payload), _ID_LENGTH),
        cells=cells,
        vectors=None if vectors is None else _shown(vectors),
        created_at=moment(text_at(payload, "created_at", "_internal.created_at")),
        updated_at=moment(text_at(payload, "updated_at", "_internal.updated_at")),
        score=score,
    )


def document_id_of(payload: Payload) -> str:
    """Return the id that the payload gives its document; "" if it gives none."""
    return text_at(payload, "document_id", "_internal.document_id")


def _shown(vectors: Sequence[str]) -> tuple[str, ...]:
    return tuple(clip(name, _VECTOR_LENGTH) for name in vectors[:MOST_VECTORS])
