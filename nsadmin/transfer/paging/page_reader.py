"""Reading a range of a collection that may answer anything, one page ahead.

A source may be a customer's cluster. Its pages must come in the order of ids, and may
not have many more points than it counted; otherwise it could fill the target's cluster
without end.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from nsadmin.errors import Conflict, NsadminError, UpstreamError
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.bulk.point_order import disorder
from nsadmin.stores.qdrant.bulk.raw_points import RawPage, RawPoint
from nsadmin.transfer.paging import side_by_side
from nsadmin.transfer.paging.bound import Bound, source_out_of_order
from nsadmin.transfer.paging.ranges import PointId, is_before
from nsadmin.transfer.site import Site

UNPROVEN: Final = "transfer_unproven"

# The size of an answer to aim at, the points of the first page, whose size is not known
# yet, and the most points of a page. Each range holds two pages and a batch of one, so
# larger pages take memory and were no faster.
_PAGE_BYTES: Final = 3_000_000
_FIRST_PAGE: Final = 8
_MOST_POINTS: Final = 2_000
# Near the end of a range its pages get smaller, down to this many points.
_LEAST_POINTS: Final = 64
_MARGIN: Final = 1.05


@dataclass(frozen=True, slots=True)
class Page:
    """Points of one range in id order; `next_offset` is None at the range's end."""

    points: list[RawPoint]
    next_offset: PointId | None
    size: int


@dataclass(slots=True)
class PageReader:
    """Reads the ids from an offset up to `end`; the next page is fetched meanwhile.

    `expected` is about the number of points in the range, of which `given` were read
    earlier. A target, as a customer's own, may answer anything as well.
    """

    site: Site
    end: PointId | None
    bound: Bound
    expected: int = 0
    given: int = 0
    point_bytes: float = 0.0
    is_target: bool = False

    def pages(self, offset: PointId | None) -> Generator[Page]:
        """Yield pages; at most one more than the yielded one is in memory.

        Raises UpstreamError with code `source_out_of_order` or `source_endless`, or
        Conflict with code `transfer_unproven` for a target out of order or without end.
        """
        with ThreadPoolExecutor(1, "page") as ahead:
            coming = side_by_side.start(ahead, partial(self._read, offset))
            while True:
                found = coming.result()
                self._judge(offset, found)
                page = self._within_range(found)
                self.given += len(page.points)
                self._count(len(page.points))
                if page.next_offset is not None:
                    offset = page.next_offset
                    coming = side_by_side.start(ahead, partial(self._read, offset))
                yield page
                if page.next_offset is None:
                    return

    def _count(self, number: int) -> None:
        try:
            self.bound.add(number)
        except UpstreamError:
            if not self.is_target:
                raise
            raise Conflict(
                f"The target counted {self.bound.counted:,} points and gives many more "
                "without an end.",
                code=UNPROVEN,
            ) from None

    def _read(self, offset: PointId | None) -> RawPage:
        return raw_points.page(
            self.site.cluster, self.site.collection, offset=offset, limit=self._limit()
        )

    def _limit(self) -> int:
        if not self.point_bytes:
            return _FIRST_PAGE
        fitting = max(1, min(_MOST_POINTS, int(_PAGE_BYTES / self.point_bytes)))
        if self.end is None:
            return fitting
        # What is read beyond the end is read in vain.
        left = int((self.expected - self.given) * _MARGIN) + 1
        return min(fitting, max(_LEAST_POINTS, left))

    def _judge(self, offset: PointId | None, found: RawPage) -> None:
        problem = disorder(offset, [p.id for p in found.points], found.next_offset)
        if problem:
            raise self._out_of_order(problem)
        if found.points:
            mean = found.size / len(found.points)
            # Half of the old mean stays, so that one small page does not make the next
            # one too large.
            self.point_bytes = max(mean, self.point_bytes / 2, 1.0)

    def _out_of_order(self, problem: str) -> NsadminError:
        if self.is_target:
            return Conflict(
                f"The target's points cannot be read in order: {problem}.",
                code=UNPROVEN,
            )
        return source_out_of_order(problem)

    def _within_range(self, found: RawPage) -> Page:
        after = found.next_offset
        if after is not None and not is_before(after, self.end):
            after = None
        inside = found.points
        if inside and not is_before(inside[-1].id, self.end):
            inside = [point for point in inside if is_before(point.id, self.end)]
        return Page(inside, after, found.size)
