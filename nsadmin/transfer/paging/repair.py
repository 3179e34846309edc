"""What a pass does with points that differ: it counts them, and mends the target."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from nsadmin.errors import Conflict
from nsadmin.stores.qdrant import answers, points
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.transfer import vectors
from nsadmin.transfer.paging.page_reader import UNPROVEN
from nsadmin.transfer.paging.pages import RowMaker
from nsadmin.transfer.paging.paired import Pair
from nsadmin.transfer.session import Session
from nsadmin.transfer.vectors import Scaled

# A point of the source, and the payload that the target gets.
_Wanted = tuple[RawPoint, bytes]


@dataclass(frozen=True, slots=True)
class Repair:
    """The rules of one pass."""

    session: Session
    maker: RowMaker
    scaled: Scaled
    repairs: bool
    deletes_extra: bool

    def settle(
        self, pairs: Iterable[Pair], before_writing: Callable[[], None]
    ) -> Counter[str]:
        """Compare points, mend the target, and return the counts of `Differences`.

        `before_writing` raises if the target may not be written any more.
        Raises Conflict if a point differs after it was written again.
        """
        counts: Counter[str] = Counter()
        extra: list[int | str] = []
        wanted: list[_Wanted] = []
        for one, other in self._looked_again(list(pairs)):
            payload = None if one is None else self.maker.payload(one)
            counts["checked"] += one is not None
            if one is None or payload is None:
                extra += [] if other is None else [other.id]
            elif other is None or difference(one, payload, other, self.scaled):
                counts["missing" if other is None else "changed"] += 1
                wanted.append((one, payload))
        counts["extra"] = len(extra)
        before_writing()
        if extra and self.deletes_extra:
            target = self.session.target
            points.delete_ids(target.cluster, target.collection, extra)
        if wanted and self.repairs:
            before_writing()
            self._write(wanted)
            counts["written"] = len(wanted)
        return counts

    def _looked_again(self, pairs: list[Pair]) -> list[Pair]:
        """Ask the source again for points that only the target has.

        They may have been written to the source just after its page was read.
        """
        alone = [other for one, other in pairs if one is None and other is not None]
        if not alone:
            return pairs
        source = self.session.source
        now = raw_points.by_ids(
            source.cluster, source.collection, [point.id for point in alone]
        )
        both: list[Pair] = [pair for pair in pairs if pair[0] is not None]
        return both + [(now.get(point.id), point) for point in alone]

    def _write(self, wanted: list[_Wanted]) -> None:
        target = self.session.target
        rows = [self.maker.row(point, payload) for point, payload in wanted]
        points.put_rows(target.cluster, target.collection, rows)
        written = raw_points.by_ids(
            target.cluster, target.collection, [point.id for point, _ in wanted]
        )
        for point, payload in wanted:
            other = written.get(point.id)
            fault = (
                "it is missing"
                if other is None
                else difference(point, payload, other, self.scaled)
            )
            if fault:
                raise Conflict(
                    f"Point {point.id} differs after it was written again: {fault}.",
                    code=UNPROVEN,
                )


def difference(one: RawPoint, payload: bytes, other: RawPoint, scaled: Scaled) -> str:
    """Say in what a target's point differs; "" if it is equal.

    `payload` is what it should have. Equal bytes need no decoding.
    """
    theirs = bytes(other.payload)
    if payload != theirs and _canonical(payload) != _canonical(theirs):
        return "its payload differs"
    return vectors.point_difference(one, other, scaled)


def _canonical(payload: bytes) -> bytes:
    """Return a payload with its keys in order; numbers keep their types."""
    decoded: Any = answers.decode(payload)
    return orjson.dumps(decoded or {}, option=orjson.OPT_SORT_KEYS)
