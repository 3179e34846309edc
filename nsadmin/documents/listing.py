"""A page of the documents that a filter finds, small whatever their payloads are."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import cost_of, refusals, require_allowed
from nsadmin.documents.counts import count, explain
from nsadmin.documents.found import Count, Listing, Order, PointId
from nsadmin.documents.ordered import ordered_list
from nsadmin.documents.points import Read, asked_of, read_page, rows_of
from nsadmin.documents.query import cursors
from nsadmin.documents.query.cursors import Place
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.use import count_use
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.payload_indexes import clean_field_name
from nsadmin.stores.qdrant.browsing import reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point

MAX_LIMIT: Final = 100
MAX_COLUMNS: Final = 8


def list_documents(
    opened: Opened,
    *,
    asked: Filter = EVERY,
    columns: Sequence[str] = (),
    cursor: str = "",
    limit: int = 50,
    order: Order | None = None,
) -> Listing:
    """Return a page of documents in the order of their ids, or of a field.

    The number of calls does not depend on the collection's size. The first page counts
    as a use of the filter's fields. Raises Invalid at `conditions.3.field` for a
    condition that the collection's strict mode refuses, at `order`, `columns` or
    `cursor` for what is not possible; Unavailable if Qdrant does not answer in time;
    UpstreamError.
    """
    place = cursors.decode(cursor, by_field=order is not None)
    shown = checked_columns(columns)
    cost = cost_of(opened, asked)
    require_allowed(opened, asked, cost)
    pager = _Pager(opened, asked, order, place)
    size = max(1, min(limit, MAX_LIMIT))
    began = time.perf_counter()
    with refusals(opened, asked):
        wanted = asked_of(opened, opened.guarded(asked), size)
        page = read_page(opened, pager.read, wanted, shown)
    taken = (time.perf_counter() - began) * 1000
    if not cursor:
        count_use(opened, asked, milliseconds=taken)
    is_whole = place is None and pager.following is None and order is None
    counted = (
        Count(len(page.points), is_exact=True) if is_whole else count(opened, asked)
    )
    return Listing(
        rows=rows_of(opened, page, shown),
        columns=shown,
        next_cursor=pager.following.encode() if pager.following is not None else "",
        count=counted,
        cost=cost,
        milliseconds=taken,
        as_of=opened.at,
        explained=explain(opened, asked) if counted.number == 0 else (),
        notes=notes(opened, order),
    )


class _Pager:
    """Reads the points of a page, and remembers where the next one begins."""

    def __init__(
        self, opened: Opened, asked: Filter, order: Order | None, place: Place | None
    ) -> None:
        self._opened = opened
        self._place = place
        self._list = None if order is None else ordered_list(opened, asked, order)
        self.following: Place | None = None
        self.read: Read = self._by_id if self._list is None else self._by_field

    def _by_id(self, asked: Asked) -> list[Point]:
        offset: PointId | None = None if self._place is None else self._place.offset
        found = reading.by_id(
            self._opened.cluster, self._opened.name, asked, offset=offset
        )
        following = found.next_offset
        self.following = None if following is None else Place(following)
        return found.points

    def _by_field(self, asked: Asked) -> list[Point]:
        if self._list is None:
            return []
        most = self._opened.rules.max_query_limit
        if most is not None:  # one more point than the page has is asked for
            asked = replace(asked, limit=max(1, min(asked.limit, most - 1)))
        points, self.following = self._list.page(asked, self._place)
        return list({point.id: point for point in points}.values())


def checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Return each column once; raise Invalid at `columns` for one that is no path."""
    chosen = tuple(dict.fromkeys(column for column in columns if column))
    if len(chosen) > MAX_COLUMNS:
        message = f"A list may have at most {MAX_COLUMNS} columns."
        raise Invalid.at("columns", message)
    return tuple(clean_field_name(column, at="columns") for column in chosen)


def notes(opened: Opened, order: Order | None = None) -> tuple[str, ...]:
    """Return what a list leaves out, in sentences."""
    found = []
    if order is not None:
        found.append(f"Documents without a value in {order.field} are left out.")
    if opened.shows_only_marked:
        found.append(
            "Documents without an internal_id are not shown, because the collection's "
            "strict mode does not allow the filter that finds them safely."
        )
    return tuple(found)
