"""Ranges of ids that are read side by side, and how far each of them has come."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk.point_order import sort_key
from nsadmin.transfer.site import Site

Json = dict[str, Any]
PointId = int | str

# A range of fewer points is not worth a thread; this many ids are drawn for each one.
_LEAST_POINTS: Final = 200
_DRAWN_IDS: Final = 32


@dataclass(frozen=True, slots=True)
class Place:
    """The position in a range that is confirmed, with what was counted up to it."""

    offset: PointId | None
    is_at_end: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def moved(self, offset: PointId | None, **counts: int) -> "Place":
        """Return a later position; None is the end of the range."""
        return Place(offset, offset is None, self.counts + Counter(counts))


@dataclass(slots=True)
class IdRange:
    """The ids from a start up to, but not including, `end`; None is the last id.

    One thread moves `place`, others read it: it is only ever replaced as a whole.
    """

    end: PointId | None
    place: Place

    def to_json(self) -> Json:
        """Return the value that `read` reads."""
        place = self.place
        return {
            "end": self.end,
            "offset": place.offset,
            "at_end": place.is_at_end,
            "counts": dict(place.counts),
        }

    @classmethod
    def read(cls, stored: Json) -> "IdRange":
        """Return the range that was kept as JSON."""
        place = Place(stored["offset"], stored["at_end"], Counter(stored["counts"]))
        return cls(stored["end"], place)


def is_before(one: PointId, end: PointId | None) -> bool:
    """Tell whether an id stands before the end of a range."""
    return end is None or sort_key(one) < sort_key(end)


def totals(ranges: Iterable[IdRange]) -> Counter[str]:
    """Return the counts of all ranges together."""
    return sum((part.place.counts for part in ranges), Counter())


def divide(site: Site, counted: int) -> list[IdRange]:
    """Return ranges with about the same number of points, which cover every id.

    A collection that gives no random sample is one range.
    """
    wanted = min(int(settings.NSADMIN_TRANSFER_RANGES), counted // _LEAST_POINTS)
    starts = [None, *(_boundaries(site, wanted) if wanted > 1 else [])]
    ends = [*starts[1:], None]
    return [IdRange(end, Place(start)) for start, end in zip(starts, ends, strict=True)]


def _boundaries(site: Site, wanted: int) -> list[PointId]:
    try:
        drawn = points.random_ids(
            site.cluster,
            site.collection,
            limit=wanted * _DRAWN_IDS,
            timeout_s=float(settings.NSADMIN_CLUSTER_DEADLINE_S),
        )
        ids = sorted({sort_key(own_id): own_id for own_id in drawn}.items())
    except (UpstreamError, ValueError):
        return []
    step = len(ids) / wanted
    # The first id of all may be before the first drawn one, so no range starts there.
    places = sorted({int(step * number) for number in range(1, wanted)} - {0})
    return [ids[place][1] for place in places]
