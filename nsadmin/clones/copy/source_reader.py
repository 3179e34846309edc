"""Reading the points of a source that may answer anything, page by page.

A source may be a customer's cluster. Its pages must come in the order of ids, and may
not have many more points than it counted; otherwise it could fill the clone's cluster
without end.
"""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from nsadmin.jobs.execution.context import JobContext
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.bulk.point_order import disorder
from nsadmin.stores.qdrant.bulk.rate_limits import RateLimitReached
from nsadmin.stores.qdrant.bulk.raw_points import RawPage, RawPoint
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.transfer.paging.bound import Bound, source_out_of_order

PointId = int | str
# Points, and the place behind them; None at the end.
SourcePage = tuple[list[RawPoint], PointId | None]

# Cursor entries: the source's first exact count with its time, and the points read in
# the current run through the source.
_COUNT_KEY: Final = "source_count"
_READ_KEY: Final = "source_read"

# The size of an answer to aim at, and the points of the first page, whose size is not
# known yet.
_PAGE_BYTES: Final = 8_000_000
_FIRST_PAGE: Final = 8


@dataclass(slots=True)
class SourceReader:
    """Reads one source; `point_bytes` is the largest mean size in a recent page."""

    job: JobContext
    cluster: Cluster
    collection: str
    point_bytes: float = 0.0

    def pages(self, offset: PointId | None, size: int) -> Generator[SourcePage]:
        """Yield pages of at most `size` points from `offset` on, with all they have.

        The next page is read while the caller works on one. Raises UpstreamError with
        code `source_out_of_order` for points that are not in the order of their ids,
        `source_endless` for many more than were counted.
        """
        self.count()
        pool = ThreadPoolExecutor(max_workers=1)
        try:
            found = self._fetched(offset, size)
            while True:
                self._judge(offset, found)
                offset = found.next_offset
                if offset is None:
                    yield found.points, None
                    return
                ahead = pool.submit(self._fetched, offset, size)
                yield found.points, offset
                try:
                    found = ahead.result()
                except RateLimitReached:  # only this thread may wait for the limit
                    found = self._fetched(offset, size)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def ids(
        self, offset: PointId | None, size: int
    ) -> tuple[list[PointId], PointId | None]:
        """Return at most `size` ids from `offset` on, and the next offset.

        Raises like `pages`.
        """
        self.count()
        found = points.read_page(
            self.cluster, self.collection, offset=offset, limit=size, only=[]
        )
        ids = [point["id"] for point in found.points]
        self._require_order(offset, ids, found.next_offset)
        self._require_bounded(offset, len(ids))
        return ids, found.next_offset

    def _fetched(self, offset: PointId | None, size: int) -> RawPage:
        """Read a page; it may be called by another thread."""
        return raw_points.page(
            self.cluster,
            self.collection,
            offset=offset,
            limit=min(size, self._limit()),
        )

    def _judge(self, offset: PointId | None, found: RawPage) -> None:
        if found.points:
            mean = found.size / len(found.points)
            # Half of the old mean stays, so that one small page does not make the next
            # one too large.
            self.point_bytes = max(mean, self.point_bytes / 2, 1.0)
        ids = [point.id for point in found.points]
        self._require_order(offset, ids, found.next_offset)
        self._require_bounded(offset, len(ids))

    def _limit(self) -> int:
        """Return the points of an answer of the wanted size; a few at first."""
        if not self.point_bytes:
            return _FIRST_PAGE
        return max(1, int(_PAGE_BYTES / self.point_bytes))

    def count(self) -> int:
        """Return the first exact count of the source's points; it is asked for once."""
        if _COUNT_KEY not in self.job.cursor:
            counted = points.count(self.cluster, self.collection)
            self.job.cursor[_COUNT_KEY] = {"points": counted, "at": time.time()}
        return int(self.job.cursor[_COUNT_KEY]["points"])

    def _require_order(
        self, offset: PointId | None, ids: list[PointId], behind: PointId | None
    ) -> None:
        problem = disorder(offset, ids, behind)
        if problem:
            raise source_out_of_order(problem)

    def _require_bounded(self, offset: PointId | None, number: int) -> None:
        """Raise UpstreamError if a run has read more than the count can explain."""
        before = 0 if offset is None else int(self.job.cursor.get(_READ_KEY) or 0)
        bound = Bound(
            self.count(), float(self.job.cursor[_COUNT_KEY]["at"]), read=before
        )
        bound.add(number)
        self.job.cursor[_READ_KEY] = bound.read
