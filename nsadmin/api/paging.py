"""Pages of lists: where one begins, and how the next one is asked for."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from nsadmin.api.inputs import OffsetQuery, PageQuery
from nsadmin.errors import Invalid

_DEFAULT_SIZE = 25


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is asked for."""

    limit: int
    offset: int
    cursor: str | None
    include_total: bool

    @property
    def page(self) -> int | None:
        """The page's number from 1, where it begins at one."""
        aligned = self.cursor is None and self.offset % self.limit == 0
        return self.offset // self.limit + 1 if aligned else None


def window_of(wanted: OffsetQuery) -> Window:
    """Return the window; raise Invalid where two parameters say different things."""
    sizes = {wanted.limit, wanted.page_size} - {None}
    if len(sizes) > 1:
        raise _both("limit", "page_size")
    limit = wanted.limit or wanted.page_size or _DEFAULT_SIZE
    cursor = wanted.cursor if isinstance(wanted, PageQuery) else None
    starts = {"offset": wanted.offset, "page": wanted.page, "cursor": cursor}
    given = [name for name, value in starts.items() if value is not None]
    if len(given) > 1:
        raise _both(*given[:2])
    offset = wanted.offset or ((wanted.page or 1) - 1) * limit
    return Window(limit, offset, cursor, wanted.include_total)


def _both(one: str, other: str) -> Invalid:
    sentence = f"{one} and {other} say different things; send one of them."
    return Invalid(sentence, faults={f"query.{other}": [sentence]})


def pagination(
    request: HttpRequest,
    window: Window,
    *,
    offset: int,
    total: int,
    next_cursor: str | None,
) -> dict[str, Any]:
    """Return the `pagination` of a list; `offset` is where the page really began."""
    page, limit = window.page, window.limit
    following = page + 1 if page is not None and offset + limit < total else None
    before = page - 1 if page is not None and page > 1 else None
    return {
        "total": total if window.include_total else None,
        "page": page,
        "page_size": limit,
        "total_pages": -(-total // limit) if window.include_total else None,
        "next_page": _address(request, following),
        "previous_page": _address(request, before),
        "next_cursor": next_cursor,
    }


def _address(request: HttpRequest, page: int | None) -> str | None:
    if page is None:
        return None
    query = request.GET.copy()
    query.pop("offset", None)
    query["page"] = str(page)
    return f"{request.path}?{query.urlencode()}"
