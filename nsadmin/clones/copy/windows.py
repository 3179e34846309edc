"""Ranges of ids in which a copy is worked on and proven, each with its digests.

The source's ids are digested before the copy, so that a point that the copy has lost
can be told from one that was written meanwhile.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from nsadmin.clones.copy.context import CopyContext
from nsadmin.errors import UpstreamError
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk.point_order import disorder, sort_key
from nsadmin.transfer.site import Site

Point = dict[str, Any]
PointId = int | str
# Points, and the place behind them; None at the end of the window.
Chunk = tuple[list[Point], PointId | None]

ZERO: Final = "0" * 32
_MODULUS: Final = 1 << 128
_WINDOW_POINTS: Final = 10_000
_MOST_WINDOWS: Final = 500
_CHUNK_BYTES: Final = 24_000_000
# More ids than this, and twice the first count, are not read from the source.
_SLACK: Final = 100_000

_WINDOWS_KEY: Final = "windows"


@dataclass(slots=True)
class Window:
    """The points from the window before up to, but not including, `stop`.

    `points` and `ids` are the number and the digest of the source's ids before the
    copy; `copied`, `copied_ids` and `content` those of the copy's points when its
    references were rewritten, `content` with marks in the place of ids.
    """

    stop: PointId | None
    points: int = 0
    ids: str = ZERO
    copied: int = 0
    copied_ids: str = ZERO
    content: str = ZERO


def added(total: str, digests: Iterable[int]) -> str:
    """Add digests to a sum in hex, which does not depend on the order of the points."""
    return f"{(int(total, 16) + sum(digests)) % _MODULUS:032x}"


def id_digest(point_id: PointId) -> int:
    """Return a 128-bit hash of an id."""
    made = blake2b(orjson.dumps(point_id), digest_size=16)
    return int.from_bytes(made.digest(), "big")


def load(context: CopyContext) -> list[Window]:
    """Return the job's windows; none before they are drawn."""
    return [Window(*row) for row in context.job.cursor.get(_WINDOWS_KEY) or ()]


def keep(context: CopyContext, windows: list[Window]) -> None:
    """Put the windows into the job's cursor."""
    context.job.cursor[_WINDOWS_KEY] = [list(astuple(window)) for window in windows]


def forget(context: CopyContext) -> None:
    """Remove the windows of a copy that is proven by other means."""
    context.job.cursor.pop(_WINDOWS_KEY, None)


def draw(context: CopyContext) -> None:
    """Digest the source's ids before the copy, and save after each window."""
    count = context.source_count()
    size = max(_WINDOW_POINTS, -(-count // _MOST_WINDOWS))
    windows = load(context)
    while not windows or windows[-1].stop is not None:
        start = windows[-1].stop if windows else None
        windows.append(_drawn(context, start, size))
        keep(context, windows)
        context.save()


def _drawn(context: CopyContext, start: PointId | None, size: int) -> Window:
    """Return the window of the next `size` points of the source."""
    window = Window(None)
    offset = start
    while window.points < size:
        most = min(size - window.points, _WINDOW_POINTS)
        ids, offset = context.source_ids(offset, most)
        window.points += len(ids)
        window.ids = added(window.ids, map(id_digest, ids))
        if offset is None:
            break
    window.stop = offset
    return window


def source_ids(
    context: CopyContext, begin: PointId | None, stop: PointId | None
) -> list[PointId]:
    """Return the ids that the source has now in a window, in their order.

    Raises UpstreamError with code `source_endless` for many more than it counted.
    """
    most = 2 * context.source_count() + _SLACK
    found: list[PointId] = []
    try:
        for rows, _ in chunks(context.source_site, begin, stop, ids_only=True):
            found += [row["id"] for row in rows]
            if len(found) > most:
                break
    except UpstreamError:
        context.source_collection()  # one that was deleted raises an error saying so
        raise
    if len(found) > most:
        raise UpstreamError(
            f"The source counted {context.source_count():,} points when the copy began "
            f"and has given {len(found):,} by now without an end.",
            code="source_endless",
        )
    return found


def chunks(
    site: Site,
    offset: PointId | None,
    stop: PointId | None,
    *,
    ids_only: bool = False,
    most: int = _WINDOW_POINTS,
) -> Iterator[Chunk]:
    """Yield the points from `offset` up to `stop`, without vectors, part by part.

    Raises UpstreamError with code `points_out_of_order` for points that cannot be read
    in the order of their ids.
    """
    end = None if stop is None else sort_key(stop)
    while True:
        rows: list[Point] = []
        size = 0
        while True:
            page = _page(site, offset, most - len(rows), ids_only=ids_only)
            size += page.size
            offset = page.next_offset
            rows += _before(page.points, end)
            is_over = offset is None or (end is not None and sort_key(offset) >= end)
            if is_over or len(rows) >= most or size >= _CHUNK_BYTES:
                break
        yield rows, None if is_over else offset
        if is_over:
            return


def _before(rows: list[Point], end: tuple[int, int] | None) -> list[Point]:
    if end is None or not rows or sort_key(rows[-1]["id"]) < end:
        return rows
    return [row for row in rows if sort_key(row["id"]) < end]


def _page(
    site: Site, offset: PointId | None, limit: int, *, ids_only: bool
) -> points.Page:
    page = points.read_page(
        site.cluster,
        site.collection,
        offset=offset,
        limit=limit,
        only=[] if ids_only else None,
    )
    problem = disorder(offset, [row["id"] for row in page.points], page.next_offset)
    if problem:
        raise UpstreamError(
            f"The points of {site.collection} cannot be read in order: {problem}.",
            code="points_out_of_order",
        )
    return page
