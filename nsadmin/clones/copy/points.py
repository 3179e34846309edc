"""Copying points with all their vectors, page by page."""

from typing import Any, Final

from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.rewrite import remap
from nsadmin.stores.qdrant import points

Point = dict[str, Any]

_PAGE_BYTES: Final = 4_000_000
_PAGE_MOST: Final = 256
# What a number of a vector and a payload take in JSON, about.
_NUMBER_BYTES: Final = 12
_PAYLOAD_BYTES: Final = 2_000


def page_size(sizes: list[int]) -> int:
    """Return how many points of these vector sizes make a page of a few megabytes."""
    one = sum(sizes) * _NUMBER_BYTES + _PAYLOAD_BYTES
    return max(8, min(_PAGE_MOST, _PAGE_BYTES // one))


def mapped(c: CopyContext, point: Point) -> Point:
    """Return a point as the clone has it: same id, same vectors, references renamed."""
    return {
        "id": point["id"],
        "vector": point.get("vector") or {},
        "payload": remap.payload(point.get("payload") or {}, c.ids, c.dropped),
    }


def as_point(row: Point) -> Point:
    """Return what a page gives as a point, without what only the answer carries."""
    return {
        "id": row["id"],
        "vector": row.get("vector") or {},
        "payload": row.get("payload") or {},
    }


def own(c: CopyContext, rows: list[Point]) -> list[Point]:
    """Return the points of a page that belong to the source."""
    namespace_id = c.source.namespace_id
    return [p for p in rows if remap.is_own(p.get("payload") or {}, namespace_id)]


def copy_points(c: CopyContext) -> None:
    """Copy every point, going on behind the last page that was confirmed.

    A point that is in the clone already is left as it is: it is the same one, unless a
    holder that lost the job long ago writes its page late. The proof compares anyway.
    """
    cursor, progress = c.work.cursor, c.work.progress
    live = c.source_collection()
    total = points.count(c.source_cluster, c.source.collection) if live else 0
    progress.begin("points", total=total)
    if live is None:
        return
    size = page_size([vector.size for vector in live.vectors.values()])
    done = cursor.get("done", 0)
    while not cursor.get("at_end"):
        rows, following = c.source_page(cursor.get("offset"), size)
        batch = [mapped(c, point) for point in own(c, rows)]
        c.work.require_held()
        points.put(c.target_cluster, c.target.collection, batch, insert_only=True)
        done += len(batch)
        progress.advance("points", done=done)
        c.save(offset=following, done=done, at_end=following is None)
