"""Paging of lists: the shown rows, and the offsets of the pages beside."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

PER_PAGE = 25
_FARTHEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Paging:
    """A window of `shown` rows from `offset` in a list of `total`."""

    offset: int
    shown: int
    total: int

    @property
    def first(self) -> int:
        """The number of the first row, from 1."""
        return self.offset + 1 if self.shown else 0

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.offset + self.shown

    @property
    def newer(self) -> int | None:
        """The offset of the previous page; None on the first."""
        return max(0, self.offset - PER_PAGE) if self.offset else None

    @property
    def older(self) -> int | None:
        """The offset of the next page; None on the last."""
        return self.last if self.last < self.total else None


def offset_of(request: HttpRequest) -> int:
    """Return the offset in the address; 0 if it is not a number."""
    return offset_in(request.GET)


def offset_in(query: QueryDict) -> int:
    """Return the offset in the query of an address; 0 if it is not a number."""
    given = query.get("offset", "")
    return min(int(given), _FARTHEST) if given.isascii() and given.isdigit() else 0
