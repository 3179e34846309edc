"""Parts of a list of documents: rows, counts, costs, and a page of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from nsadmin.advice.values import moment
from nsadmin.documents.query.rows import Group
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

    @property
    def key(self) -> str:
        """The order as one text, by which a cursor knows its list."""
        return f"{self.direction} {self.field}"


@dataclass(frozen=True, slots=True)
class Row:
    """One document of a list.

    `cells` are the values of the columns, in their order. `vectors` names those it has,
    at most eight; None if they are not known. `score` is set among neighbors.
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
    """What the conditions without an index cost: every one of `points` is scanned.

    Fewer where the filter `is_narrowed`: Qdrant then begins with the points that the
    indexed conditions leave.
    """

    unserved: tuple[Unserved, ...]
    points: int
    is_narrowed: bool = False


@dataclass(frozen=True, slots=True)
class Alone:
    """Of a filter that finds nothing: how many documents meet one condition alone.

    `without` counts what the filter finds once the condition is removed; either is None
    where there was no time. A condition of the group `none` is met by a document that
    does not match it.
    """

    number: int
    group: Group
    sentence: str
    alone: int | None
    without: int | None

    @property
    def words(self) -> str:
        """The condition as its group asks it, such as `none of: rank is 3`."""
        return (
            self.sentence
            if self.group == "all"
            else f"{self.group} of: {self.sentence}"
        )


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
        """Why nothing is found, and what would be, in sentences; "" if not known."""
        if not self.explained:
            return ""
        told = self.explained
        best = max(told, key=lambda one: one.without or 0)
        if best.without:
            size = f"{best.without:,} document{'s' if best.without > 1 else ''}"
            verb = "match" if best.without > 1 else "matches"
            return f"Without “{best.words}”, {size} {verb}."
        never = [one for one in told if one.alone == 0]
        if never:
            return f"No document meets “{never[0].words}”, even alone."
        if any(one.alone is None or one.without is None for one in told):
            return "There was no time to count every condition alone."
        return "Documents meet each condition alone, but removing one is not enough."


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
