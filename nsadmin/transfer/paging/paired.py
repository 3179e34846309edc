"""Two collections read side by side: points of the same id together."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nsadmin.stores.qdrant.bulk.point_order import sort_key
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.transfer.paging.page_reader import Page
from nsadmin.transfer.paging.ranges import PointId, is_before

# A point of the source and the target's; None where there is none.
Pair = tuple[RawPoint | None, RawPoint | None]


@dataclass(frozen=True, slots=True)
class Pairs:
    """All points up to, but not including, `next_offset`; None is the range's end."""

    pairs: list[Pair]
    next_offset: PointId | None


@dataclass(slots=True)
class _Side:
    """One collection: points that are read but not yielded, and where it goes on."""

    pages: Iterator[Page]
    waiting: list[RawPoint] = field(default_factory=list)
    next_offset: PointId | None = None
    is_at_end: bool = False

    def fill(self) -> None:
        if self.waiting or self.is_at_end:
            return
        page = next(self.pages)
        self.waiting, self.next_offset = page.points, page.next_offset
        self.is_at_end = page.next_offset is None

    def take(self, end: PointId | None) -> dict[tuple[int, int], RawPoint]:
        """Take the points before `end`, by the place of their ids."""
        taken = [point for point in self.waiting if is_before(point.id, end)]
        self.waiting = self.waiting[len(taken) :]
        return {sort_key(point.id): point for point in taken}


def paired(source: Iterator[Page], target: Iterator[Page]) -> Iterator[Pairs]:
    """Yield the points of one range of both collections, as far as both are read."""
    sides = _Side(source), _Side(target)
    while True:
        for side in sides:
            side.fill()
        nexts = [side.next_offset for side in sides if side.next_offset is not None]
        until = min(nexts, key=sort_key, default=None)
        ours, theirs = (side.take(until) for side in sides)
        keys = sorted(ours.keys() | theirs.keys())
        yield Pairs([(ours.get(key), theirs.get(key)) for key in keys], until)
        if until is None:
            return
