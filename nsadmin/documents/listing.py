"""A page of the documents that a filter finds, small whatever their payloads are."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nsadmin.documents.collection import Opened
from nsadmin.documents.costs import cost_of, refusals, require_allowed
from nsadmin.documents.counts import count, explain
from nsadmin.documents.found import Count, Listing, Order, PointId
from nsadmin.documents.ordered import ordered_list
from nsadmin.documents.points import (
    Read,
    asked_of,
    payload_of,
    read_page,
    rows_of,
    vectors_of,
)
from nsadmin.documents.query import cursors
from nsadmin.documents.query.cursors import Place
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.use import count_use
from nsadmin.errors import Invalid
from nsadmin.namespaces.schema.payload_indexes import clean_field_name
from nsadmin.stores.qdrant.answers import AnswerTooLarge, TooManyValues
from nsadmin.stores.qdrant.browsing import reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point

MAX_LIMIT: Final = 100
MAX_COLUMNS: Final = 8
# The most bytes of a page of whole payloads.
PAYLOAD_BYTES: Final = 8 * 1024 * 1024
_IDS: Final = (
    "document_id",
    "collection_id",
    "_internal.document_id",
    "_internal.collection_id",
)


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
    place = cursors.decode(cursor, order=order.key if order else "")
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


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document of a page of payloads; None for one that cannot be read.

    `vectors` names those it has, at most eight; None if they are not known.
    """

    point_id: PointId
    payload: dict[str, Any] | None
    vectors: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PayloadPage:
    """Documents with their payloads; the count is unknown if it was not asked for."""

    documents: tuple[FoundDocument, ...]
    next_cursor: str
    count: Count


def list_payloads(
    opened: Opened,
    *,
    asked: Filter = EVERY,
    fields: Sequence[str] | None = None,
    cursor: str = "",
    limit: int = 50,
    order: Order | None = None,
    counts: bool = False,
) -> PayloadPage:
    """Return a page of documents with their payloads, whole or with some fields.

    Ids of document and collection are always among the fields.
    A page has fewer documents where an answer with all of them would be too large, and
    one that is too large by itself has no payload. Raises as `list_documents` does.
    """
    place = cursors.decode(cursor, order=order.key if order else "")
    names = None if fields is None else checked_fields(fields, at="select")
    require_allowed(opened, asked, cost_of(opened, asked))
    pager = _Pager(opened, asked, order, place)
    began = time.perf_counter()
    with refusals(opened, asked):
        wanted = asked_of(opened, opened.guarded(asked), min(limit, MAX_LIMIT))
        selected = True if names is None else [*dict.fromkeys((*names, *_IDS))]
        points = _halving(pager.read, replace(wanted, fields=selected))
    if not cursor:
        count_use(opened, asked, milliseconds=(time.perf_counter() - began) * 1000)
    vectors = vectors_of(opened, [point.id for point in points])
    return PayloadPage(
        documents=tuple(
            FoundDocument(
                point.id,
                payload_of(point) if point.payload else None,
                None if vectors is None else tuple(vectors[point.id]),
            )
            for point in points
        ),
        next_cursor=pager.following.encode() if pager.following is not None else "",
        count=count(opened, asked) if counts else Count(None, is_exact=False),
    )


def _halving(read: Read, asked: Asked) -> list[Point]:
    """Read a page, with fewer points where it would be too large."""
    asked = replace(asked, most_bytes=PAYLOAD_BYTES)
    while True:
        try:
            return read(asked)
        except (AnswerTooLarge, TooManyValues):
            if asked.limit == 1:
                break
            asked = replace(asked, limit=asked.limit // 2)
    return [replace(p, payload=b"") for p in read(replace(asked, fields=False))]


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
    chosen = checked_fields([column for column in columns if column], at="columns")
    if len(chosen) > MAX_COLUMNS:
        message = f"A list may have at most {MAX_COLUMNS} columns."
        raise Invalid.at("columns", message)
    return tuple(chosen)


def checked_fields(fields: Sequence[str], *, at: str) -> list[str]:
    """Return each field once; raise Invalid for one that is no path."""
    return [clean_field_name(field, at=at) for field in dict.fromkeys(fields)]


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
