"""Comparing every document of two namespaces, side by side in the order of ids.

Several ranges of ids are read at once, a bounded page of each side at a time, so that
memory does not grow with the number of documents.
"""

import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Final

from nsadmin.comparison.documents.context import COMPARE, CompareContext
from nsadmin.comparison.documents.findings import Findings
from nsadmin.comparison.documents.point_pairs import PointPairs
from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant import points
from nsadmin.transfer.paging import ranges, side_by_side
from nsadmin.transfer.paging.bound import Bound
from nsadmin.transfer.paging.page_reader import PageReader
from nsadmin.transfer.paging.paired import paired
from nsadmin.transfer.paging.ranges import IdRange
from nsadmin.transfer.paging.side_by_side import Crew
from nsadmin.transfer.session import Session
from nsadmin.transfer.site import Site

Json = dict[str, Any]

_KEY: Final = "full"
# The cursor holds the contents of documents of one side, so it is not written often.
_SAVED_EVERY_S: Final = 1.5
_UNREADABLE: Final = {
    "source_out_of_order": "cannot be read in the order of their ids",
    "source_endless": "are many more than the collection counted, without an end",
}


@dataclass(slots=True)
class _Part:
    """A range of ids and what was found in it; `lock` keeps the two together."""

    range: IdRange
    findings: Findings
    lock: Lock = field(default_factory=Lock)

    def to_json(self) -> Json:
        with self.lock:
            return {"range": self.range.to_json(), "findings": self.findings.to_json()}

    @classmethod
    def read(cls, stored: Json) -> "_Part":
        return cls(IdRange.read(stored["range"]), Findings.read(stored["findings"]))


def compare(context: CompareContext) -> Findings:
    """Compare all documents, from where an earlier slice ended; return what differs.

    Raises UpstreamError for a collection that cannot be read to its end, and what
    `JobContext.checkpoint` raises.
    """
    state = _state(context)
    parts = [_Part.read(stored) for stored in state["parts"]]
    context.job.progress.begin(COMPARE, total=sum(state["counted"]))
    bounds = _bounds(state, parts)
    works = [
        partial(
            _compare_part,
            context.pairs(),
            part,
            _reader(context.left_site, part, bounds[0], "read_left", len(parts)),
            _reader(context.right_site, part, bounds[1], "read_right", len(parts)),
        )
        for part in parts
        if not part.range.place.is_at_end
    ]
    try:
        side_by_side.run(_session(context), works, partial(_keep, context, parts))
    except UpstreamError as refused:
        if refused.code not in _UNREADABLE:
            raise
        raise UpstreamError(
            f"The documents {_UNREADABLE[refused.code]}. Pause the programs that write "
            "to them and compare again.",
            code=refused.code,
        ) from refused
    return _joined(parts)


def _state(context: CompareContext) -> Json:
    """Return the state of an earlier slice, or the begin of a new comparison."""
    cursor = context.job.cursor
    if _KEY not in cursor:
        sites = context.left_site, context.right_site
        counted = [points.count(site.cluster, site.collection) for site in sites]
        larger = sites[counted.index(max(counted))]
        parts = [
            _Part(one, Findings()).to_json()
            for one in ranges.divide(larger, max(counted))
        ]
        cursor[_KEY] = {"counted": counted, "at": time.time(), "parts": parts}
        context.save()
    state: Json = cursor[_KEY]
    return state


def _bounds(state: Json, parts: list[_Part]) -> tuple[Bound, Bound]:
    read = _joined(parts).counts
    left, right = state["counted"]
    return (
        Bound(left, state["at"], read["read_left"]),
        Bound(right, state["at"], read["read_right"]),
    )


def _joined(parts: list[_Part]) -> Findings:
    whole = Findings()
    for part in parts:
        with part.lock:
            whole.join(part.findings)
    return whole


def _session(context: CompareContext) -> Session:
    """Return the frame of the threads; nothing is written to either side."""
    return Session(
        job=context.job,
        source=context.left_site,
        target=context.right_site,
        stage=COMPARE,
        save=context.save,
        make=lambda: None,
        every_s=_SAVED_EVERY_S,
    )


def _keep(context: CompareContext, parts: list[_Part]) -> None:
    counts = [part.findings.counts for part in parts]
    done = sum(c["read_left"] + c["read_right"] for c in counts)
    context.job.progress.advance(COMPARE, done=done)
    context.job.cursor[_KEY]["parts"] = [part.to_json() for part in parts]
    context.save()


def _reader(site: Site, part: _Part, bound: Bound, key: str, number: int) -> PageReader:
    given = part.findings.counts[key]
    return PageReader(site, part.range.end, bound, bound.counted // number, given)


def _compare_part(
    pairs: PointPairs, part: _Part, left: PageReader, right: PageReader, crew: Crew
) -> None:
    at = part.range.place.offset
    with closing(left.pages(at)) as ours, closing(right.pages(at)) as theirs:
        for found in paired(ours, theirs):
            with part.lock:
                for pair in found.pairs:
                    pairs.add(pair, part.findings, with_digests=True)
                part.range.place = part.range.place.moved(found.next_offset)
            crew.after_writing()
