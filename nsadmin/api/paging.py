"""Pages of lists: where one begins, and how the next one is asked for.

A cursor says where the next page begins, and belongs to the order that it was given in.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from nsadmin.api.inputs import PageQuery
from nsadmin.errors import Invalid

_DEFAULT_SIZE = 25
# Databases count rows in 64 bits; a cursor of ours never says as much.
_FARTHEST = 2**31
Order = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is asked for."""

    limit: int
    offset: int
    order: Order
    is_after_cursor: bool
    include_total: bool

    @property
    def page(self) -> int | None:
        """The page's number from 1, where it begins at one."""
        aligned = not self.is_after_cursor and self.offset % self.limit == 0
        return self.offset // self.limit + 1 if aligned else None


def window_of(wanted: PageQuery, order: Order) -> Window:
    """Return the window; `order` is what a cursor has to belong to.

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
    if wanted.cursor is not None:
        offset = _offset_of(wanted.cursor, order)
    is_after = wanted.cursor is not None
    return Window(limit, offset, order, is_after, wanted.include_total)


def _cursor(order: Order, offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([*order, offset]).encode()).decode()


def _offset_of(cursor: str, order: Order) -> int:
    try:
        *found, offset = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError):
        found, offset = [], None
    is_number = isinstance(offset, int) and not isinstance(offset, bool)
    if found != [*order] or not is_number or not 0 <= offset <= _FARTHEST:
        sentence = "The cursor does not belong to this list."
        raise Invalid(sentence, faults={"cursor": [sentence]})
    return int(offset)


def _both(one: str, other: str) -> Invalid:
    sentence = f"{one} and {other} say different things; send one of them."
    return Invalid(sentence, faults={f"query.{other}": [sentence]})


def pagination(request: HttpRequest, window: Window, *, total: int) -> dict[str, Any]:
    """Return the `pagination` of a list of so many rows in all."""
    page, limit = window.page, window.limit
    more = window.offset + limit < total
    following = page + 1 if page is not None and more else None
    before = page - 1 if page is not None and page > 1 else None
    return {
        "total": total if window.include_total else None,
        "page": page,
        "page_size": limit,
        "total_pages": -(-total // limit) if window.include_total else None,
        "next_page": _address(request, following),
        "previous_page": _address(request, before),
        "next_cursor": _cursor(window.order, window.offset + limit) if more else None,
    }


def _address(request: HttpRequest, page: int | None) -> str | None:
    if page is None:
        return None
    query = request.GET.copy()
    query.pop("offset", None)
    query["page"] = str(page)
    return f"{request.path}?{query.urlencode()}"
