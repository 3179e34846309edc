"""Parts of a list of documents: rows, counts, costs, and a page of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from nsadmin.advice.values import moment
from nsadmin.documents.shown.cells import Cell
from nsadmin.documents.shown.paths import text_at
from nsadmin.names import clip

PointId = int | str

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


@dataclass(frozen=True, slots=True)
class Order:
    """The order by a field with a range index; documents without a value are absent."""

    field: str
    direction: Literal["asc", "desc"] = "asc"


@dataclass(frozen=True, slots=True)
class Row:
    """One document of a list.

    `cells` are the values of the columns, in their order. `vectors` names those it has,
    at most eight; None if they are not known. `score` is set among neighbours.
    """

    point_id: PointId
    document_id: str
    cells: tuple[Cell, ...]
    vectors: tuple[str, ...] | None
    created_at: datetime | None
    updated_at: datetime | None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many documents a filter finds; `number` is None if that is not known.

    `note` says why it is approximate or unknown; empty for an exact one.
    """

    number: int | None
    is_exact: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unserved:
    """A condition that no index serves; `number` is its place in the filter."""

    number: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the conditions without an index cost: every one of `points` is scanned."""

    unserved: tuple[Unserved, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Alone:
    """Of a filter that finds nothing: what one condition finds alone, and its absence.

    `without` counts what the filter finds without it; None where there was no time.
    """

    number: int
    sentence: str
    alone: int | None
    without: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of documents; `milliseconds` is the time that Qdrant took for it.

    `next_cursor` is "" on the last page. `explained` tells of a filter that finds
    nothing why; empty otherwise. `notes` are sentences on what the page leaves out.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    next_cursor: str
    count: Count
    cost: Cost
    milliseconds: float
    as_of: datetime
    explained: tuple[Alone, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        """What would be found, such as `3 of 4 conditions match 120.`; or ""."""
        if not self.explained:
            return ""
        never = [one.sentence for one in self.explained if one.alone == 0]
        best = max((one.without or 0 for one in self.explained), default=0)
        if best:
            size = len(self.explained)
            return f"{size - 1} of {size} conditions match {best:,}."
        if never:
            return f"No document matches “{never[0]}” alone."
        return "Every condition matches documents, but not together."


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
