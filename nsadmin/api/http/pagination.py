"""Pages of lists, by number, by offset or by cursor.

A cursor holds the start of the next page. It belongs to one list: the same order,
search and filters.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.http import HttpRequest

from nsadmin.api.schemas.lists import Pagination
from nsadmin.api.schemas.requests import PageQuery
from nsadmin.errors import Invalid

_DEFAULT_SIZE = 25
# Databases count rows in 64 bits; a genuine cursor never has an offset like this.
_MAX_OFFSET = 2**31
# JSON values that identify a list; a cursor starts with them.
ListIdentity = Sequence[Any]
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Window(Generic[P]):
    """The requested part of a list; `place` is the start that a cursor holds."""

    limit: int
    offset: int
    identity: ListIdentity
    place: P | None
    include_total: bool

    @property
    def page(self) -> int | None:
        """The number of the page from 1; None where the offset is between pages."""
        aligned = self.place is None and self.offset % self.limit == 0
        return self.offset // self.limit + 1 if aligned else None


def window_of(
    query: PageQuery, identity: ListIdentity, read_place: Callable[[Any], P | None]
) -> Window[P]:
    """Return the window of a list; `read_place` checks the start in a cursor.

    Raises Invalid where two parameters contradict each other, or for a cursor of
    another list.
    """
    sizes = {query.limit, query.page_size} - {None}
    if len(sizes) > 1:
        raise _contradiction("limit", "page_size")
    limit = query.limit or query.page_size or _DEFAULT_SIZE
    starts = {
        "offset": query.offset,
        "page": query.page,
        "cursor": query.cursor,
    }
    given = [name for name, value in starts.items() if value is not None]
    if len(given) > 1:
        raise _contradiction(*given[:2])
    offset = query.offset or ((query.page or 1) - 1) * limit
    place = None
    if query.cursor is not None:
        place = _place(query.cursor, identity, read_place)
    return Window(limit, offset, identity, place, query.include_total)


def offset_place(value: Any) -> int | None:
    """Return the offset that a cursor holds; None where it holds something else."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _MAX_OFFSET else None


def _cursor(identity: ListIdentity, place: Any) -> str:
    text = json.dumps([*identity, place], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _place(
    cursor: str, identity: ListIdentity, read_place: Callable[[Any], P | None]
) -> P:
    try:
        *sent_identity, value = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        sent_identity, value = [], None
    place = read_place(value) if sent_identity == [*identity] else None
    if place is None:
        message = "The cursor does not belong to this list."
        raise Invalid.at("cursor", message)
    return place


def _contradiction(one: str, other: str) -> Invalid:
    message = f"{one} and {other} contradict each other; send one of them."
    return Invalid.at(f"query.{other}", message)


def pagination(
    request: HttpRequest, window: Window[Any], *, total: int, following: Any
) -> Pagination:
    """Return the pagination of a list with `total` rows.

    `following` is the place where the next page begins; None on the last page.
    """
    page, limit = window.page, window.limit
    more = following is not None
    after = page + 1 if page is not None and more else None
    before = page - 1 if page is not None and page > 1 else None
    return Pagination.model_construct(
        total=total if window.include_total else None,
        page=page,
        page_size=limit,
        total_pages=-(-total // limit) if window.include_total else None,
        next_page=_address(request, after),
        previous_page=_address(request, before),
        next_cursor=_cursor(window.identity, following) if more else None,
    )


def _address(request: HttpRequest, page: int | None) -> str | None:
    if page is None:
        return None
    query = request.GET.copy()
    query.pop("offset", None)
    query["page"] = str(page)
    return f"{request.path}?{query.urlencode()}"
