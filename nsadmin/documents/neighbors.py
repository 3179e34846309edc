"""The documents nearest to one, by a chosen vector."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import cost_of, refusals, require_allowed
from nsadmin.documents.fields import VectorName, vectors_of
from nsadmin.documents.found import PointId, Row
from nsadmin.documents.listing import checked_columns
from nsadmin.documents.lookup import find_id
from nsadmin.documents.points import asked_of, read_page, rows_of
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.use import count_use
from nsadmin.errors import Invalid, NotFound
from nsadmin.names import clip
from nsadmin.stores.qdrant.browsing import counting, reading
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal

MAX_NEIGHBORS: Final = 100
_DISTANCES: Final = frozenset({"euclidean", "manhattan"})


@dataclass(frozen=True, slots=True)
class Neighbors:
    """The nearest first, each with its score; the document itself is left out.

    `is_distance` tells that a smaller score is nearer, as for the distances euclidean
    and manhattan.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    vector: str
    is_distance: bool
    milliseconds: float
    as_of: datetime


def neighbors(
    opened: Opened,
    identifier: str,
    *,
    vector: str,
    count: int = 10,
    asked: Filter = EVERY,
    columns: Sequence[str] = (),
) -> Neighbors:
    """Return the nearest documents among those that a filter finds.

    Raises NotFound for an unknown document or one without the vector, Invalid at
    `vector` for one that the collection has not, and as lists do.
    """
    shown = checked_columns(columns)
    named = _vector(opened, vector)
    require_allowed(opened, asked, cost_of(opened, asked))
    point_id = find_id(opened, identifier)
    _require_vector(opened, point_id, vector)
    size = max(1, min(count, MAX_NEIGHBORS))
    began = time.perf_counter()
    with refusals(opened, asked):
        page = read_page(
            opened,
            lambda wanted: (
                reading.nearest(
                    opened.cluster, opened.name, wanted, point=point_id, using=vector
                ).points
            ),
            asked_of(opened, opened.guarded(asked), size),
            shown,
        )
    taken = (time.perf_counter() - began) * 1000
    count_use(opened, asked, milliseconds=taken)
    return Neighbors(
        rows=rows_of(opened, page, shown, has_scores=True),
        columns=shown,
        vector=vector,
        is_distance=named.distance in _DISTANCES,
        milliseconds=taken,
        as_of=opened.at,
    )


def _vector(opened: Opened, name: str) -> VectorName:
    for one in vectors_of(opened):
        if one.name == name:
            return one
    message = f"The collection has no vector {clip(name, 100)}."
    raise Invalid.at("vector", message)


def _require_vector(opened: Opened, point_id: PointId, vector: str) -> None:
    if not vector:
        return
    try:
        [having] = counting.with_vectors(
            opened.cluster,
            opened.name,
            [point_id],
            [vector],
            timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
        )
    except StrictModeRefusal:
        return  # the search itself tells
    if point_id not in having:
        raise NotFound(f"The document has no vector {clip(vector, 100)}.")
