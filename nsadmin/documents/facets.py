"""The values of a field, with how many documents have each."""

from dataclasses import dataclass

from nsadmin.documents.collection import Opened
from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.filters import EVERY, Filter

MAX_VALUES = 100


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value, cut to 200 characters for `text`, and how many documents have it.

    `condition` asks for it, to be added to the filter; None if its text is too long.
    """

    text: str
    count: int
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values first; `has_more` tells that there may be others."""

    field: str
    values: tuple[FacetValue, ...]
    is_exact: bool
    has_more: bool
    milliseconds: float


def facet(
    opened: Opened, field: str, *, asked: Filter = EVERY, limit: int = 20
) -> Facet:
    """Count the values of an indexed field among the documents that a filter finds.

    Raises Invalid at `field` for one without an index that can count, and as lists do.
    """
    raise NotImplementedError
