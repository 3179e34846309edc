"""Copying the points of a collection with all their vectors, page by page."""

from typing import Any, Final

from nsadmin.clones.copy.context import SETTINGS_KEY, CopyContext
from nsadmin.clones.copy.foreign import copied_points, is_foreign
from nsadmin.clones.copy.settings import has_shard_keys
from nsadmin.clones.rewrite import remap
from nsadmin.clones.stages import POINTS
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk.batches import SHARD_KEY

Point = dict[str, Any]

_PAGE_BYTES: Final = 4_000_000
_MIN_PAGE_POINTS: Final = 8
_MAX_PAGE_POINTS: Final = 256
# Estimated size in JSON of one number of a vector, and of one payload.
_NUMBER_BYTES: Final = 12
_PAYLOAD_BYTES: Final = 2_000


def page_size(sizes: list[int]) -> int:
    """Return the number of points with these vector sizes in a page of about 4 MB."""
    point_bytes = sum(sizes) * _NUMBER_BYTES + _PAYLOAD_BYTES
    return max(_MIN_PAGE_POINTS, min(_MAX_PAGE_POINTS, _PAGE_BYTES // point_bytes))


def rewrite_point(context: CopyContext, point: Point) -> Point:
    """Return the clone's version of a point: same id and vectors, rewritten payload.

    The payload of a point that names another namespace stays as it is.
    """
    payload = point.get("payload") or {}
    if not is_foreign(context, point):
        payload = remap.payload(payload, context.ids, context.omissions)
    return {
        "id": point["id"],
        "vector": point.get("vector") or {},
        "payload": payload,
        **_shard(context, point),
    }


def _shard(context: CopyContext, point: Point) -> Point:
    """Return the point's shard key, if the clone's collection has shards by key."""
    key = point.get(SHARD_KEY)
    kept = context.job.cursor.get(SETTINGS_KEY)
    return {SHARD_KEY: key} if key is not None and kept and has_shard_keys(kept) else {}


def copy_points(context: CopyContext) -> None:
    """Copy every point, starting behind the last confirmed page.

    Points that the clone already has are not overwritten: they are equal, unless a
    worker that lost the job wrote its page late. The verification compares them anyway.
    """
    cursor, progress = context.job.cursor, context.job.progress
    live = context.source_collection()
    progress.begin(POINTS, total=context.source_count() if live else 0)
    if live is None:
        return
    size = page_size([vector.size for vector in live.vectors.values()])
    done = cursor.get("done", 0)
    while not cursor.get("at_end"):
        rows, next_offset = context.source_page(cursor.get("offset"), size)
        batch = [
            rewrite_point(context, point) for point in copied_points(context, rows)
        ]
        context.job.raise_if_interrupted()
        points.put(
            context.target_cluster, context.target.collection, batch, insert_only=True
        )
        done += len(batch)
        progress.advance(POINTS, done=done)
        context.save(offset=next_offset, done=done, at_end=next_offset is None)
