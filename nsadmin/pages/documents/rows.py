"""Documents as the rows of a table show them: cells by column, vectors, time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from nsadmin.documents.fields import VectorName
from nsadmin.documents.found import PointId, Row
from nsadmin.documents.query.rows import Pair
from nsadmin.documents.shown.cells import Cell
from nsadmin.resources.references.resource import is_plain

# A longer filter is not repeated in the address of every row.
_LONGEST_KEPT: Final = 600
_MOST_CHIPS: Final = 4
# Longer ids of the lineage are cut, and a cut id leads nowhere.
_LONGEST_ID: Final = 127
_EXTRACTOR: Final = re.compile(r"^.+_v\d+_(?=.)")


@dataclass(frozen=True, slots=True)
class Chip:
    """A named vector that a document has or lacks; `word` is short for its name."""

    name: str
    word: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One row; `chips` is None where the vectors are not known.

    `name` is the document's own id, or else that of its point. `share` is the score
    among neighbors as a percentage of 1; None without one.
    """

    href: str
    name: str
    cells: tuple[tuple[str, Cell], ...]
    chips: tuple[Chip, ...] | None
    hidden_chips: int
    time: datetime | None
    score: float | None
    share: float | None


def row_views(
    rows: Iterable[Row],
    *,
    namespace_id: str,
    columns: Sequence[str],
    vectors: Sequence[VectorName],
    kept: Sequence[Pair] = (),
) -> list[RowView]:
    """Return the rows of a list or of neighbors; their links keep the filter."""
    query = f"?{urlencode(kept)}" if kept else ""
    query = query if len(query) <= _LONGEST_KEPT else ""
    return [
        RowView(
            href=document_href(namespace_id, row.point_id) + query,
            name=row.document_id or str(row.point_id),
            cells=tuple(zip(columns, row.cells, strict=False)),
            chips=_chips(row, vectors),
            hidden_chips=max(0, len(vectors) - _MOST_CHIPS),
            time=row.updated_at or row.created_at,
            score=row.score,
            share=None if row.score is None else min(max(row.score, 0), 1) * 100,
        )
        for row in rows
    ]


def document_href(namespace_id: str, identifier: PointId) -> str:
    """Return the address of a document by an id of its own; "" if it fits none."""
    name = str(identifier)
    return reverse("document", args=[namespace_id, name]) if fits(name) else ""


def fits(identifier: str) -> bool:
    """Return whether an id can be part of an address as it is."""
    return is_plain(identifier) and len(identifier) <= _LONGEST_ID


def _chips(row: Row, vectors: Sequence[VectorName]) -> tuple[Chip, ...] | None:
    if row.vectors is None:
        return None
    words = short_names([vector.name for vector in vectors])
    return tuple(
        Chip(name, words[name], name in row.vectors)
        for name in list(words)[:_MOST_CHIPS]
    )


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return a short word for each vector, without its extractor if that is clear."""
    short = {name: _EXTRACTOR.sub("", name) or "unnamed" for name in names}
    words = list(short.values())
    return {n: w if words.count(w) == 1 else n for n, w in short.items()}
