"""The documents nearest to one, by a chosen vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import Row
from nsadmin.documents.query.filters import EVERY, Filter

MAX_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class Neighbours:
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


def neighbours(
    opened: Opened,
    identifier: str,
    *,
    vector: str,
    count: int = 10,
    asked: Filter = EVERY,
    columns: Sequence[str] = (),
) -> Neighbours:
    """Return the nearest documents among those that a filter finds.

    Raises NotFound for an unknown document or one without the vector, Invalid at
    `vector` for one that the collection has not, and as lists do.
    """
    raise NotImplementedError
