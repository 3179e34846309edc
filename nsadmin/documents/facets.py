"""The values of a field, with how many documents have each."""

import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import cost_of, refusals, require_allowed
from nsadmin.documents.query.conditions import Condition
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.query.operators import FieldType, Operator
from nsadmin.documents.query.serving import can_count
from nsadmin.documents.query.values import read_values
from nsadmin.documents.use import count_use
from nsadmin.errors import Invalid
from nsadmin.names import clip
from nsadmin.stores.qdrant.browsing import counting
from nsadmin.stores.qdrant.browsing.counting import ValueCount
from nsadmin.stores.qdrant.bulk.strict_mode import StrictModeRefusal

MAX_VALUES: Final = 100
_TEXT_LENGTH: Final = 200
_TYPES: Final[dict[str, FieldType]] = {
    "keyword": "keyword",
    "uuid": "uuid",
    "integer": "integer",
    "bool": "bool",
}


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
    index = opened.live.indexes.get(field)
    if index is None or not can_count(index):
        message = (
            "Values can be counted only in a field with a keyword, uuid, bool or "
            f"integer index; {clip(field, 100)} has none."
        )
        raise Invalid.at("field", message)
    require_allowed(opened, asked, cost_of(opened, asked))
    most = opened.rules.max_query_limit
    size = max(1, min(limit, MAX_VALUES, most if most is not None else MAX_VALUES))
    began = time.perf_counter()
    with refusals(opened, asked):
        found, is_exact = _counted(opened, field, asked, size)
    taken = (time.perf_counter() - began) * 1000
    count_use(opened, asked, milliseconds=taken)
    kind = _TYPES[index.type]
    return Facet(
        field=field,
        values=tuple(_value(field, kind, one) for one in found),
        is_exact=is_exact,
        has_more=len(found) >= size,
        milliseconds=taken,
    )


def _counted(
    opened: Opened, field: str, asked: Filter, limit: int
) -> tuple[list[ValueCount], bool]:
    """Return the counts, and whether they are exact."""
    is_exact = opened.rules.search_allow_exact
    while True:
        try:
            found = counting.by_value(
                opened.cluster,
                opened.name,
                field,
                where=opened.guarded(asked),
                limit=limit,
                exact=is_exact,
                timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S,
            )
        except StrictModeRefusal as refused:
            if not is_exact or refused.rule != "search_allow_exact":
                raise
            is_exact = False
        else:
            return found, is_exact


def _value(field: str, kind: FieldType, counted: ValueCount) -> FacetValue:
    value = counted.value
    try:
        values = read_values(kind, Operator.IS, [value], at="field")
        condition = Condition(field, kind, Operator.IS, values)
    except Invalid:
        condition = None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return FacetValue(clip(text, _TEXT_LENGTH), counted.count, condition)
