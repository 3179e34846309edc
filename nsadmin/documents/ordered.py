"""Pages in the order of a field: by value, and by id among documents with the same.

Qdrant starts such a page at a value, not at a document, and does not say in which order
documents with the same value come. So a page takes whole groups of the same value from
the ordered answer, and reads the last group in the order of ids, where it can go on.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from nsadmin.documents.collection import Opened
from nsadmin.documents.found import Order, PointId
from nsadmin.documents.query.cursors import OrderValue, Place
from nsadmin.documents.query.filters import Filter
from nsadmin.documents.query.serving import can_count, has_range
from nsadmin.errors import Invalid
from nsadmin.names import clip
from nsadmin.stores.qdrant.answers import MalformedAnswer
from nsadmin.stores.qdrant.browsing import reading
from nsadmin.stores.qdrant.browsing.reading import Asked, Point
from nsadmin.stores.qdrant.collections import LiveIndex

Json = dict[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# The moments beside the first and the last one of the calendar.
_BEYOND: Final = (
    (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND - 1,
    (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND + 1,
)
# Qdrant compares the start of a page as a floating-point number.
_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class OrderedList:
    """A list in the order of an indexed field, as Qdrant pages through it."""

    opened: Opened
    asked: Filter
    order: Order
    index: LiveIndex

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.order.direction == "desc"

    def page(
        self, asked: Asked, place: Place | None
    ) -> tuple[list[Point], Place | None]:
        """Return at most `asked.limit` points from a place on, and the next place."""
        points: list[Point] = []
        if place is not None and place.offset is not None and place.value is not None:
            tied = self._tied(asked, place.value, place.offset)
            points += tied.points
            if tied.next_offset is not None:
                return points, self._place(tied.next_offset, place.value)
        room = asked.limit - len(points)
        found = self._from(asked, room + 1, place.value if place else None)
        if len(found) <= room:
            return points + found, None
        if room <= 0:
            return points, place and self._place(None, place.value)
        last = _value(found[-1])
        whole = [point for point in found if _value(point) != last]
        if len(whole) == room:
            return points + whole, self._place(None, _value(whole[-1]))
        rest = replace(asked, limit=room - len(whole))
        tied = self._tied(rest, last, None)
        return points + whole + tied.points, self._place(tied.next_offset, last)

    def _place(self, offset: PointId | None, value: OrderValue | None) -> Place:
        return Place(offset, value, self.order.key)

    def _from(self, asked: Asked, limit: int, after: OrderValue | None) -> list[Point]:
        """Return points in order, those whose value is after another one."""
        start: float | str | None = None
        if after is not None:
            start = self._beyond(after)
            if start is None:
                return []
        found = reading.by_field(
            self.opened.cluster,
            self.opened.name,
            replace(asked, where=self.opened.guarded(self.asked), limit=limit),
            key=self.order.field,
            descending=self.is_descending,
            start_from=start,
        ).points
        found.sort(key=lambda point: _id_key(point.id))
        found.sort(key=_value, reverse=self.is_descending)
        return found

    def _beyond(self, value: OrderValue) -> float | str | None:
        """Return the next possible value; None if there is none."""
        step = -1 if self.is_descending else 1
        if self.index.type == "float":
            nearest = math.nextafter(value, step * math.inf)
            return nearest if math.isfinite(nearest) else None
        following = int(value) + step
        if self.index.type == "datetime":
            return None if following in _BEYOND else _moment(following)
        if abs(following) > _LARGEST:
            message = (
                f"{self.order.field} has whole numbers beyond 2^53, where Qdrant "
                "cannot continue a list. Order by another field."
            )
            raise Invalid.at("order", message)
        return following

    def _tied(
        self, asked: Asked, value: OrderValue, offset: PointId | None
    ) -> reading.PointPage:
        """Return points with one value, in the order of their ids."""
        bounds: Json = {"range": {"gte": value, "lte": value}}
        if self.index.type == "datetime":
            moment = _moment(int(value))
            bounds = {"range": {"gte": moment, "lte": moment}}
        elif self.index.type == "integer" and can_count(self.index):
            bounds = {"match": {"value": value}}
        same = {"key": self.order.field, **bounds}
        where = self.opened.guarded(self.asked, same)
        return reading.by_id(
            self.opened.cluster,
            self.opened.name,
            replace(asked, where=where),
            offset=offset,
        )


def ordered_list(opened: Opened, asked: Filter, order: Order) -> OrderedList:
    """Return the list; raise Invalid at `order` for a field without a range index."""
    index = opened.live.indexes.get(order.field)
    if index is None or not has_range(index):
        name = clip(order.field, 100)
        message = (
            f"Documents can be ordered only by a field with an integer, float or "
            f"datetime index that supports ranges; {name} has none."
        )
        raise Invalid.at("order", message)
    return OrderedList(opened, asked, order, index)


def _value(point: Point) -> OrderValue:
    if point.order_value is None or not math.isfinite(point.order_value):
        raise MalformedAnswer.of("an ordered point has no value")
    return point.order_value


def _id_key(point_id: PointId) -> tuple[bool, PointId]:
    """Sort as Qdrant does: numbers first, then UUIDs."""
    return isinstance(point_id, str), point_id


def _moment(microseconds: int) -> str:
    """Return a moment for Qdrant; raise MalformedAnswer for one in no calendar."""
    try:
        moment = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise MalformedAnswer.of("a moment is outside of the calendar") from None
    return moment.isoformat().replace("+00:00", "Z")
