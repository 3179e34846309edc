"""Bringing the points of a clone, and the clone's version of a point."""

from dataclasses import asdict
from functools import partial
from typing import Any, Final

from nsadmin.clones.copy import collection, ways, windows
from nsadmin.clones.copy.context import SETTINGS_KEY, CopyContext
from nsadmin.clones.copy.foreign import copied_points, is_foreign
from nsadmin.clones.rewrite import remap
from nsadmin.clones.stages import POINTS, REFERENCES
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.bulk.batches import SHARD_KEY
from nsadmin.transfer import sample, session, transfer
from nsadmin.transfer.session import Session
from nsadmin.transfer.settings import has_shard_keys
from nsadmin.transfer.ways import Way

Point = dict[str, Any]

# Cursor entries: the result of the transfer; the number of the source's points with
# each vector before it, and a sample of them.
COPIED_KEY: Final = "copied"
VECTORS_KEY: Final = "vectors"
SAMPLE_KEY: Final = "sample"

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
    return {
        "id": point["id"],
        "vector": point.get("vector") or {},
        "payload": _clone_payload(context, point),
        **_shard(context, point),
    }


def _clone_payload(context: CopyContext, point: Point) -> Point:
    payload: Point = point.get("payload") or {}
    if is_foreign(context, point):
        return payload
    return remap.payload(payload, context.ids, context.omissions)


def _shard(context: CopyContext, point: Point) -> Point:
    """Return the point's shard key, if the clone's collection has shards by key."""
    key = point.get(SHARD_KEY)
    kept = context.job.cursor.get(SETTINGS_KEY)
    return {SHARD_KEY: key} if key is not None and kept and has_shard_keys(kept) else {}


def came_whole(context: CopyContext) -> bool:
    """Tell whether the points came without the clone's ids, as shards or in part so."""
    copied: dict[str, Any] = context.job.cursor.get(COPIED_KEY) or {}
    return copied.get("is_rewritten") is False


def copy_points(context: CopyContext) -> None:
    """Bring every point to the clone, in the fastest way that is there.

    What a copy is proven by later, if it came as a whole, is drawn from the source
    before: digests of its ids, counts of its vectors, and a random sample of them.
    """
    cursor = context.job.cursor
    if context.source_collection() is None:
        context.job.progress.begin(POINTS, total=0)
        _skip_references(context)
        return
    chosen = ways.chosen(context)
    if len(chosen) > 1 and SAMPLE_KEY not in cursor:
        windows.draw(context)
        cursor[VECTORS_KEY] = source_vectors(context)
        context.save(**{SAMPLE_KEY: sample.draw(context.source_site)})
    result = transfer.run(_session(context, chosen))
    cursor[COPIED_KEY] = asdict(result)
    _add_reasons(context)
    if result.is_rewritten:
        windows.forget(context)
        for key in (SAMPLE_KEY, VECTORS_KEY):
            cursor.pop(key, None)
        _skip_references(context)
    else:
        # A snapshot brings the indexes that the source had, and no others.
        collection.make(context)


def source_vectors(context: CopyContext) -> dict[str, int]:
    """Count the source's points with each vector exactly."""
    live = context.source_collection()
    names = [*live.vectors, *live.sparse_vectors] if live else []
    return {
        name: points.count(
            context.source_cluster,
            context.source.collection,
            where={"must": [{"has_vector": name}]},
        )
        for name in names
    }


def forget(context: CopyContext) -> None:
    """Remove all that the job knows of a copy that is to be made anew."""
    windows.forget(context)
    for key in (COPIED_KEY, SAMPLE_KEY, VECTORS_KEY, session.KEY):
        context.job.cursor.pop(key, None)


def _session(context: CopyContext, chosen: tuple[Way, ...]) -> Session:
    return Session(
        job=context.job,
        source=context.source_site,
        target=context.target_site,
        stage=POINTS,
        save=context.save,
        make=partial(collection.make, context),
        rewrite=partial(_clone_point, context),
        ways=chosen,
    )


def _clone_point(context: CopyContext, point: Point) -> Point | None:
    """Return the point that the clone gets, None for one that is left out.

    Raises Conflict for a point that stands against the clone.
    """
    if not copied_points(context, [point]):
        return None
    return {**point, "payload": _clone_payload(context, point)}


def _add_reasons(context: CopyContext) -> None:
    """Say in the report of the transfer which ways were not allowed."""
    report = context.job.outputs.setdefault(session.KEY, {})
    every = [*ways.reasons(context), *(report.get("reasons") or [])]
    report["reasons"] = list(dict.fromkeys(every))


def _skip_references(context: CopyContext) -> None:
    """Leave out the stage that rewrites references, as there are none left."""
    context.job.progress.drop((REFERENCES,))
    finished = context.job.cursor.get("finished", [])
    context.job.cursor["finished"] = [*finished, REFERENCES]
