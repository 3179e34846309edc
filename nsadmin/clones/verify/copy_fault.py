"""Naming the first point in which a copy differs from what was copied."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Final

from nsadmin.clones.copy import windows
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.foreign import is_foreign
from nsadmin.clones.copy.references import is_foreign_copy
from nsadmin.clones.verify.canonical import Marks, canonical
from nsadmin.clones.verify.point_proof import payload_difference
from nsadmin.stores.qdrant import points

Point = dict[str, Any]
PointId = int | str

# Points of the source that are looked up in one call.
_LOOKED_UP: Final = 256


def ids_apart(
    context: CopyContext,
    begin: PointId | None,
    stop: PointId | None,
    now: Collection[PointId],
) -> tuple[list[PointId], list[PointId]]:
    """Return the ids that the copy lacks of the source's `now`, and those it has more.

    Both are in the order in which they were read.
    """
    chunks = windows.chunks(context.target_site, begin, stop, ids_only=True)
    found = dict.fromkeys(row["id"] for rows, _ in chunks for row in rows)
    wanted = dict.fromkeys(now)
    missing = [point_id for point_id in wanted if point_id not in found]
    return missing, [point_id for point_id in found if point_id not in wanted]


def sentence_of(missing: list[PointId], extra: list[PointId]) -> str:
    """Say which point a copy lacks, or has although the source never had it."""
    if missing:
        more = f", and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        return f"Point {missing[0]} is missing{more}."
    if extra:
        count = len(extra)
        noun = "point" if count == 1 else "points"
        return (
            f"the clone has {count:,} more {noun} than were copied, such as {extra[0]}."
        )
    return "the ids of the clone's points differ from the source's."


def difference(
    context: CopyContext, begin: PointId | None, stop: PointId | None, marks: Marks
) -> str:
    """Return a sentence about the first point that is not as it was copied.

    It is looked for by what the points still refer to, then by the source's ids and
    payloads as they are now.
    """
    own = _left_over(context, begin, stop, marks)
    if own:
        return own
    now = windows.source_ids(context, begin, stop)
    missing, extra = ids_apart(context, begin, stop, now)
    if missing or extra:
        return sentence_of(missing, extra)
    return _changed(context, begin, stop, marks) or (
        f"points {_from(begin)} differ from what was copied."
    )


def _from(begin: PointId | None) -> str:
    return "of the clone" if begin is None else f"of the clone from id {begin} on"


def _left_over(
    context: CopyContext, begin: PointId | None, stop: PointId | None, marks: Marks
) -> str:
    """Name a point that still refers to the source; empty if there is none."""
    for row in _rows(context, begin, stop):
        payload = row.get("payload") or {}
        if is_foreign_copy(context, row):
            continue
        wanted = canonical(payload, marks.either)
        found = canonical(payload, marks.clone)
        if wanted.content() != found.content():
            return f"Point {row['id']}: {payload_difference(wanted, found, marks)}"
    return ""


def _changed(
    context: CopyContext, begin: PointId | None, stop: PointId | None, marks: Marks
) -> str:
    """Name a point whose payload is not the source's; empty if there is none."""
    rows = _rows(context, begin, stop)
    while batch := list(islice(rows, _LOOKED_UP)):
        for row, source in _with_source(context, batch):
            side = None if is_foreign(context, source) else marks.source
            wanted = canonical(source.get("payload") or {}, side)
            found = canonical(row.get("payload") or {}, side and marks.clone)
            if wanted.content() != found.content():
                return f"Point {row['id']}: {payload_difference(wanted, found, marks)}"
    return ""


def _rows(
    context: CopyContext, begin: PointId | None, stop: PointId | None
) -> Iterator[Point]:
    for rows, _ in windows.chunks(context.target_site, begin, stop):
        yield from rows


def _with_source(
    context: CopyContext, batch: list[Point]
) -> Iterator[tuple[Point, Point]]:
    """Yield points of the copy with the source's, as far as the source has them."""
    ids = [row["id"] for row in batch]
    found, _ = points.page(
        context.source_cluster,
        context.source.collection,
        limit=len(ids),
        where={"must": [{"has_id": ids}]},
    )
    by_id = {row["id"]: row for row in found}
    for row in batch:
        if row["id"] in by_id:
            yield row, by_id[row["id"]]
