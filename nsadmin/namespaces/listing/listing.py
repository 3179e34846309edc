"""One page of a list of namespaces, from the mirror."""

from dataclasses import dataclass, replace
from datetime import datetime

from nsadmin.access.actor import Actor
from nsadmin.namespaces.listing import keyset, walks
from nsadmin.namespaces.listing.amounts import Count
from nsadmin.namespaces.listing.keyset import Place
from nsadmin.namespaces.listing.query import (
    HEALTH,
    SORTS,
    TIERS,
    ListQuery,
)
from nsadmin.namespaces.listing.tally import Tally, tally
from nsadmin.namespaces.listing.walks import Walk
from nsadmin.namespaces.mirror import bootstrap, state
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import readings

__all__ = ["HEALTH", "SORTS", "TIERS", "ListQuery", "Page", "listing", "total"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    `counted` is its number of rows, perhaps a least one; `tally` has the numbers of its
    facets. Up to `as_of` all rows are known to be right. `following` is the place of
    the last row if more rows follow, `preceding` that of the first row if there are
    rows before it, else None. `documents` is the sum over the rows shown, without the
    `unknown_documents` rows whose count is unknown.
    """

    rows: list[MirroredNamespace]
    counted: Count
    offset: int
    limit: int
    as_of: datetime | None
    tally: Tally
    documents: int = 0
    unknown_documents: int = 0
    following: Place | None = None
    preceding: Place | None = None

    @property
    def is_late(self) -> bool:
        """Whether the rows are older than they should be."""
        return self.as_of is not None and state.is_late(self.as_of)

    @property
    def total(self) -> int:
        """The number of rows of the list, or the least if not all are counted."""
        return self.counted.n

    @property
    def first(self) -> int:
        """The number of the first row shown, counted from 1; 0 for an empty page."""
        return self.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.offset + len(self.rows)

    @property
    def is_bare(self) -> bool:
        """Whether the list would be empty without any search or filter."""
        return not self.tally.every


def listing(actor: Actor, query: ListQuery) -> Page:
    """Return one page of a list.

    Raises Invalid for an unknown sort, MirrorEmpty while the mirror is not filled.
    """
    found = tally(actor, query)
    if not found.every:
        # There may be none, or the mirror was dropped.
        found = _tally_when_filled(actor, query)
    page = page_of(query, found)
    as_of = page.as_of or state.as_of()
    if as_of is None:
        # These are the rows of a first filling that has not ended.
        page = page_of(query, _tally_when_filled(actor, query))
        as_of = state.as_of()
    return replace(page, as_of=as_of)


def total(actor: Actor, query: ListQuery) -> int:
    """Return the number of rows of a list, by the counters."""
    return tally(actor, query).total.n


def _tally_when_filled(actor: Actor, query: ListQuery) -> Tally:
    bootstrap.require_filled()
    return tally(actor, query)


def page_of(query: ListQuery, found: Tally) -> Page:
    """Return the page of a list that was counted; without rows its `as_of` is None."""
    if query.before is not None:
        page = _page_before(query, found)
        if page is not None:
            return page
        query = replace(query, before=None, offset=0)
    return _page(query, found)


def _page(query: ListQuery, found: Tally) -> Page:
    """Return the page at an offset or after a place."""
    skipped = 0 if query.after is not None else query.offset
    rows = _read(query, found, place=query.after, offset=skipped)
    shown = rows[: query.limit]
    page = _shown(query, found, shown)
    has_before = bool(shown) and (query.after is not None or query.offset > 0)
    return replace(
        page,
        following=_place(shown[-1], query) if len(rows) > len(shown) > 0 else None,
        preceding=_place(shown[0], query) if has_before else None,
    )


def _page_before(query: ListQuery, found: Tally) -> Page | None:
    """Return the page that ends before a place; None if that is not a whole page."""
    rows = _read(query, found, place=query.before, is_reversed=True)
    if len(rows) < query.limit:
        return None
    shown = rows[: query.limit][::-1]
    page = _shown(query, found, shown)
    is_first = len(rows) == query.limit
    return replace(
        page,
        offset=0 if is_first else page.offset,
        following=_place(shown[-1], query),
        preceding=None if is_first else _place(shown[0], query),
    )


def _place(row: MirroredNamespace, query: ListQuery) -> Place:
    return keyset.cursor_of(row, query.orders)


def _read(
    query: ListQuery,
    found: Tally,
    *,
    place: Place | None,
    offset: int = 0,
    is_reversed: bool = False,
) -> list[MirroredNamespace]:
    """Return the rows of a page and one more, which shows that more follow."""
    if not found.total.n or not found.lists:
        return []
    walk = Walk(
        lists=found.lists,
        orders=query.orders,
        conditions=found.conditions,
        few=found.few,
        place=place,
        is_reversed=is_reversed,
    )
    rows = state.with_as_of(walks.page_of(walk, limit=query.limit + 1, offset=offset))
    if query.whole:
        return list(rows.select_related("document"))
    return list(readings.with_told(rows).defer("description", "search_text"))


def _shown(query: ListQuery, found: Tally, rows: list[MirroredNamespace]) -> Page:
    counts = [row.document_count for row in rows]
    return Page(
        rows=rows,
        counted=found.total,
        offset=query.offset,
        limit=query.limit,
        as_of=state.as_of_read(rows[0]) if rows else None,
        tally=found,
        documents=sum(n for n in counts if n is not None),
        unknown_documents=sum(1 for n in counts if n is None),
    )
