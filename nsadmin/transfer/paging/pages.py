"""Bringing points page by page: several ranges side by side, vectors undecoded."""

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

import orjson

from nsadmin.stores.qdrant import points, topology
from nsadmin.stores.qdrant.bulk.batches import Row
from nsadmin.stores.qdrant.bulk.raw_points import RawPoint
from nsadmin.transfer.ledger import Keeper
from nsadmin.transfer.paging import ranges, side_by_side
from nsadmin.transfer.paging.bound import Bound
from nsadmin.transfer.paging.page_reader import PageReader
from nsadmin.transfer.paging.ranges import IdRange
from nsadmin.transfer.paging.side_by_side import Crew
from nsadmin.transfer.session import Rewrite, Session, unchanged

Json = dict[str, Any]


@dataclass(slots=True)
class RowMaker:
    """Makes what the target gets of a point; the payload is decoded only to rewrite it.

    `keeps_shard_keys` is True if the target has shards by key.
    """

    rewrite: Rewrite
    keeps_shard_keys: bool
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def of(cls, session: Session) -> "RowMaker":
        """Ask the target whether its shards have keys."""
        target = session.target
        keys = topology.shard_keys(target.cluster, target.collection)
        return cls(session.rewrite, bool(keys))

    def payload(self, point: RawPoint) -> bytes | None:
        """Return the payload that the target gets; None if it does not get the point.

        It stays the bytes of the source where `rewrite` did not change it.
        """
        if self.rewrite is unchanged:
            return bytes(point.payload)
        given = point.decoded_payload()
        with self.lock:
            made = self.rewrite({"id": point.id, "payload": given})
        if made is None:
            return None
        payload = made.get("payload")
        return bytes(point.payload) if payload is given else orjson.dumps(payload or {})

    def row(self, point: RawPoint, payload: bytes) -> Row:
        """Return a point with its payload as it is written."""
        return point.row(payload, keeps_shard_key=self.keeps_shard_keys)

    def rows(self, points: Iterable[RawPoint]) -> list[Row]:
        """Return the rows of the points that the target gets."""
        made = ((point, self.payload(point)) for point in points)
        return [self.row(point, given) for point, given in made if given is not None]


def bring(keeper: Keeper) -> int:
    """Copy every point that the target has not; return how many were brought.

    Points that the target has are not overwritten: they are equal, unless a worker that
    lost the job wrote its page late. Continues behind the last confirmed pages.
    """
    session, ledger = keeper.session, keeper.ledger
    if not ledger.pages:
        ledger.note_copy()
        counted = points.count(session.source.cluster, session.source.collection)
        parts = ranges.divide(session.source, counted)
        stored = [part.to_json() for part in parts]
        ledger.pages = {"counted": counted, "at": time.time(), "ranges": stored}
        keeper.note()
    else:
        parts = [IdRange.read(stored) for stored in ledger.pages["ranges"]]
    read = ranges.totals(parts)["read"]
    bound = Bound(ledger.pages["counted"], ledger.pages["at"], read)
    maker = RowMaker.of(session)
    works = [
        partial(
            _bring_range, session, maker, part, _reader(session, part, bound, parts)
        )
        for part in parts
        if not part.place.is_at_end
    ]
    side_by_side.run(session, works, partial(_keep, keeper, parts))
    return ranges.totals(parts)["done"]


def _keep(keeper: Keeper, parts: list[IdRange]) -> None:
    found = ranges.totals(parts)
    keeper.ledger.pages["ranges"] = [part.to_json() for part in parts]
    keeper.tell(points=found["done"])
    keeper.save()


def _reader(
    session: Session, part: IdRange, bound: Bound, parts: list[IdRange]
) -> PageReader:
    expected = bound.counted // len(parts)
    given = part.place.counts["read"]
    return PageReader(session.source, part.end, bound, expected, given)


def _bring_range(
    session: Session, maker: RowMaker, part: IdRange, reader: PageReader, crew: Crew
) -> None:
    target = session.target
    with closing(reader.pages(part.place.offset)) as pages:
        for page in pages:
            rows = maker.rows(page.points)
            crew.before_writing()
            points.put_rows(target.cluster, target.collection, rows, insert_only=True)
            part.place = part.place.moved(
                page.next_offset,
                read=len(page.points),
                done=len(rows),
                bytes=page.size,
            )
            crew.after_writing()
