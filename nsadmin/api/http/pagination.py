"""Pages of lists: where one begins, and how the next one is asked for.

A cursor says where the next page begins, and belongs to the list that it was given in.
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
# Databases count rows in 64 bits; a cursor of ours never says as much.
_FARTHEST = 2**31
# What a cursor has to belong to, in JSON's words.
List = Sequence[Any]
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Window(Generic[P]):
    """The part of a list that is asked for; `place` is what a cursor says of it."""

    limit: int
    offset: int
    of: List
    place: P | None
    include_total: bool

    @property
    def page(self) -> int | None:
        """The page's number from 1, where it begins at one."""
        aligned = self.place is None and self.offset % self.limit == 0
        return self.offset // self.limit + 1 if aligned else None


def window_of(
    wanted: PageQuery, of: List, read: Callable[[Any], P | None]
) -> Window[P]:
    """Return the window of a list; `read` knows the places that its cursors may say.

    Raises Invalid where two parameters say different things, or for a cursor that was
    never given.
    """
    sizes = {wanted.limit, wanted.page_size} - {None}
    if len(sizes) > 1:
        raise _both("limit", "page_size")
    limit = wanted.limit or wanted.page_size or _DEFAULT_SIZE
    starts = {
        "offset": wanted.offset,
        "page": wanted.page,
        "cursor": wanted.cursor,
    }
    given = [name for name, value in starts.items() if value is not None]
    if len(given) > 1:
        raise _both(*given[:2])
    offset = wanted.offset or ((wanted.page or 1) - 1) * limit
    place = None if wanted.cursor is None else _place(wanted.cursor, of, read)
    return Window(limit, offset, of, place, wanted.include_total)


def numbered(said: Any) -> int | None:
    """Read a place that is a number of rows to leave out."""
    is_number = isinstance(said, int) and not isinstance(said, bool)
    return said if is_number and 0 <= said <= _FARTHEST else None


def _cursor(of: List, place: Any) -> str:
    said = json.dumps([*of, place], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(said.encode()).decode()


def _place(cursor: str, of: List, read: Callable[[Any], P | None]) -> P:
    try:
        *found, said = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        found, said = [], None
    place = read(said) if found == [*of] else None
    if place is None:
        sentence = "The cursor does not belong to this list."
        raise Invalid.at("cursor", sentence)
    return place


def _both(one: str, other: str) -> Invalid:
    sentence = f"{one} and {other} say different things; send one of them."
    return Invalid.at(f"query.{other}", sentence)


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
        next_cursor=_cursor(window.of, following) if more else None,
    )


def _address(request: HttpRequest, page: int | None) -> str | None:
    if page is None:
        return None
    query = request.GET.copy()
    query.pop("offset", None)
    query["page"] = str(page)
    return f"{request.path}?{query.urlencode()}"
