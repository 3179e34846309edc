"""Comparing every point of the source with the clone's, and repairing differences.

Both collections are read side by side in the order of ids, so points that only the
clone has are found too.
"""

from typing import Any

from nsadmin.clones.copy import points
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.foreign import copied_points, is_foreign
from nsadmin.clones.verify.canonical import Marks
from nsadmin.clones.verify.pass_state import (
    VerificationPass,
    save,
    verification_error,
)
from nsadmin.clones.verify.point_proof import PointProof, add_digests, prove
from nsadmin.stores.qdrant import points as store
from nsadmin.stores.qdrant.bulk.point_order import disorder, sort_key
from nsadmin.transfer import vectors
from nsadmin.transfer.vectors import Scaled

Point = dict[str, Any]
PointId = int | str
PointsById = dict[PointId, Point]
Proofs = dict[PointId, PointProof]


def compare_points(context: CopyContext, current: VerificationPass) -> None:
    """Compare all points page by page, from the pass's position on.

    Raises Conflict with code `clone_unproven` for a difference that stays after the
    point was written again.
    """
    live = context.source_collection()
    if live is None:
        return
    size = points.page_size([vector.size for vector in live.vectors.values()])
    marks, scaled = current.marks(context), Scaled.of(live)
    while True:
        rows, stop = context.source_page(current.offset, size)
        expected = copied_points(context, rows)
        current.left_out += len(rows) - len(expected)
        actual = _clone_points(context, current, expected, stop)
        _compare_page(context, current, (marks, scaled), expected, actual)
        if stop is None:
            return
        current.offset = stop
        save(context, current)


def _compare_page(
    context: CopyContext,
    current: VerificationPass,
    by: tuple[Marks, Scaled],
    expected: list[Point],
    actual: PointsById,
) -> None:
    """Compare points with the clone's, and write the ones that differ again."""
    proofs = _prove(context, by, expected, actual)
    differing = [point for point in expected if proofs[point["id"]].difference]
    if differing:
        context.job.raise_if_interrupted()
        again = [points.rewrite_point(context, point) for point in differing]
        store.put(context.target_cluster, context.target.collection, again)
        written = _read_by_id(context, differing)
        proofs |= _prove(context, by, differing, written)
        for point in differing:
            if proofs[point["id"]].difference:
                raise verification_error(proofs[point["id"]].difference)
        missing = sum(point["id"] not in actual for point in differing)
        current.add_repaired("points", repaired=len(differing), missing=missing)
    _count_page(context, current, expected, proofs)


def _prove(
    context: CopyContext,
    by: tuple[Marks, Scaled],
    expected: list[Point],
    actual: PointsById,
) -> Proofs:
    return {
        point["id"]: prove(
            point,
            actual.get(point["id"]),
            *by,
            is_foreign=is_foreign(context, point),
        )
        for point in expected
    }


def _count_page(
    context: CopyContext,
    current: VerificationPass,
    expected: list[Point],
    proofs: Proofs,
) -> None:
    """Add a page to the counts of points, vectors and fields, and to both digests."""
    current.seen["points"] = current.seen.get("points", 0) + len(expected)
    current.foreign += sum(is_foreign(context, point) for point in expected)
    for point in expected:
        for name in vectors.named(point.get("vector")):
            current.vectors[name] = current.vectors.get(name, 0) + 1
        current.add_changed(proofs[point["id"]].changed)
    current.source_digest = add_digests(
        current.source_digest, [proof.source_digest for proof in proofs.values()]
    )
    current.clone_digest = add_digests(
        current.clone_digest, [proof.clone_digest for proof in proofs.values()]
    )


# Reading the clone --------------------------------------------------------------------


def _clone_points(
    context: CopyContext,
    current: VerificationPass,
    expected: list[Point],
    stop: PointId | None,
) -> PointsById:
    """Return the expected points that the clone has; count those not expected.

    The range goes from the pass's position up to, but not including, `stop`.
    """
    wanted = {point["id"] for point in expected}
    end = None if stop is None else sort_key(stop)
    found: PointsById = {}
    offset = current.offset
    while True:
        page = _clone_page(context, offset, limit=max(1, len(expected)))
        for row in page.points:
            if end is not None and sort_key(row["id"]) >= end:
                return found
            if row["id"] in wanted:
                found[row["id"]] = row
            else:
                current.extra += 1
                current.extra_id = row["id"]
        offset = page.next_offset
        if offset is None or (end is not None and sort_key(offset) >= end):
            return found


def _clone_page(
    context: CopyContext, offset: PointId | None, *, limit: int
) -> store.Page:
    """Read a page of the clone; raise Conflict for one that has no end or no order."""
    page = store.read_page(
        context.target_cluster,
        context.target.collection,
        offset=offset,
        limit=limit,
        with_vectors=True,
    )
    problem = disorder(offset, [row["id"] for row in page.points], page.next_offset)
    if problem:
        raise verification_error(f"the clone's points cannot be read: {problem}.")
    return page


def _read_by_id(context: CopyContext, expected: list[Point]) -> PointsById:
    rows, _ = store.page(
        context.target_cluster,
        context.target.collection,
        limit=len(expected),
        with_vectors=True,
        where={"must": [{"has_id": [p["id"] for p in expected]}]},
    )
    return {row["id"]: row for row in rows}
