"""Comparing every point of the source with the target's, and repairing differences.

Both collections are read side by side in the order of ids, several ranges at a time.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from nsadmin.errors import NotFound
from nsadmin.stores.qdrant import collections, points
from nsadmin.transfer.paging import ranges, side_by_side
from nsadmin.transfer.paging.bound import Bound
from nsadmin.transfer.paging.page_reader import PageReader
from nsadmin.transfer.paging.pages import RowMaker
from nsadmin.transfer.paging.paired import paired
from nsadmin.transfer.paging.ranges import IdRange
from nsadmin.transfer.paging.repair import Repair
from nsadmin.transfer.paging.side_by_side import Crew
from nsadmin.transfer.session import Session
from nsadmin.transfer.vectors import Scaled

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Differences:
    """What one pass over both collections found; `checked` counts the source's points.

    `missing` are points that the target lacked, `changed` those whose payload or
    vectors differed, `extra` those that only the target had. `written` counts the
    points that were written again.
    """

    checked: int = 0
    missing: int = 0
    changed: int = 0
    extra: int = 0
    written: int = 0

    @property
    def total(self) -> int:
        """The points that differed."""
        return self.missing + self.changed + self.extra


def reconcile(
    session: Session, state: Json, *, deletes_extra: bool, repairs: bool
) -> Differences:
    """Compare all points once, payload and vectors, and return what differed.

    With `repairs`, missing and changed points are written again and read back; with
    `deletes_extra`, points that only the target has are deleted. `state` is an object
    of the job's cursor in which the pass keeps its position: with an empty one a new
    pass begins, with one that has ended its result is returned again.

    Raises Conflict with code `transfer_unproven` for a point that still differs after
    it was written again, and what `session.save` raises.
    """
    parts = _parts(session, state)
    if not all(part.place.is_at_end for part in parts):
        source = session.source
        live = collections.get(source.cluster, source.collection)
        if live is None:
            raise NotFound("The source's collection was deleted while it was compared.")
        session.job.progress.begin(session.stage, total=state["counted"])
        repair = Repair(
            session,
            RowMaker.of(session),
            Scaled.of(live),
            repairs=repairs,
            deletes_extra=deletes_extra,
        )
        _compare(session, state, parts, repair)
    counts = ranges.totals(parts)
    return Differences(**{name: counts[name] for name in Differences.__slots__})


def _parts(session: Session, state: Json) -> list[IdRange]:
    """Return the ranges of a pass as they were kept, or those of a new pass."""
    if "ranges" in state:
        return [IdRange.read(stored) for stored in state["ranges"]]
    counted = points.count(session.source.cluster, session.source.collection)
    there = points.count(session.target.cluster, session.target.collection)
    parts = ranges.divide(session.source, counted)
    ranges_now = [part.to_json() for part in parts]
    state |= {
        "counted": counted,
        "there": there,
        "at": time.time(),
        "ranges": ranges_now,
    }
    return parts


def _keep(session: Session, state: Json, parts: list[IdRange]) -> None:
    state["ranges"] = [part.to_json() for part in parts]
    session.job.progress.advance(session.stage, done=ranges.totals(parts)["checked"])
    session.save()


def _compare(
    session: Session, state: Json, parts: list[IdRange], repair: Repair
) -> None:
    done = ranges.totals(parts)
    bound = Bound(state["counted"], state["at"], done["checked"])
    found_there = done["checked"] - done["missing"] + done["extra"]
    bounds = bound, Bound(max(state["there"], bound.counted), state["at"], found_there)
    expected = bound.counted // len(parts)
    works = [
        partial(_compare_range, repair, part, bounds, expected)
        for part in parts
        if not part.place.is_at_end
    ]
    side_by_side.run(session, works, partial(_keep, session, state, parts))


def _compare_range(
    repair: Repair,
    part: IdRange,
    bounds: tuple[Bound, Bound],
    expected: int,
    crew: Crew,
) -> None:
    session, given = repair.session, part.place.counts["checked"]
    source = PageReader(session.source, part.end, bounds[0], expected, given)
    target = PageReader(
        session.target, part.end, bounds[1], expected, given, is_target=True
    )
    at = part.place.offset
    with closing(source.pages(at)) as ours, closing(target.pages(at)) as theirs:
        for found in paired(ours, theirs):
            counts = repair.settle(found.pairs, crew.before_writing)
            part.place = part.place.moved(found.next_offset, **counts)
            crew.after_writing()
