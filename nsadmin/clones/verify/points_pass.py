"""Comparing every point of the source with the clone's, and repairing differences.

Both collections are read side by side in the order of ids, so points that only the
clone has are found too.
"""

from contextlib import closing

from nsadmin.clones.copy import points
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.verify.pass_state import (
    VerificationPass,
    save,
    verification_error,
)
from nsadmin.clones.verify.point_proof import PointProof, add_digests
from nsadmin.clones.verify.prover import Prover, SourcePoint
from nsadmin.stores.qdrant import points as store
from nsadmin.stores.qdrant.bulk import raw_points
from nsadmin.stores.qdrant.bulk.point_order import disorder, sort_key
from nsadmin.stores.qdrant.bulk.raw_points import RawPage, RawPoint
from nsadmin.transfer.vectors import Scaled

PointId = int | str
PointsById = dict[PointId, RawPoint]


def compare_points(context: CopyContext, current: VerificationPass) -> None:
    """Compare all points page by page, from the pass's position on.

    Raises Conflict with code `clone_unproven` for a difference that stays after the
    point was written again.
    """
    live = context.source_collection()
    if live is None:
        return
    size = points.page_size([vector.size for vector in live.vectors.values()])
    prover = Prover(context, current.marks(context), Scaled.of(live))
    pages = context.source_pages(current.offset, size)
    with closing(pages):
        for rows, stop in pages:
            sources = [prover.source(row) for row in rows]
            expected = [source for source in sources if prover.is_expected(source)]
            current.left_out += len(rows) - len(expected)
            actual = _clone_points(context, current, expected, stop)
            _compare_page(context, current, prover, expected, actual)
            if stop is None:
                return
            current.offset = stop
            save(context, current)


def _compare_page(
    context: CopyContext,
    current: VerificationPass,
    prover: Prover,
    expected: list[SourcePoint],
    actual: PointsById,
) -> None:
    """Compare points with the clone's, and write the ones that differ again."""
    proofs = prover.prove(expected, actual)
    differing = [source for source in expected if proofs[source.id].difference]
    if differing:
        context.job.raise_if_interrupted()
        again = [points.rewrite_point(context, one.decoded()) for one in differing]
        store.put(context.target_cluster, context.target.collection, again)
        site, ids = context.target_site, [source.id for source in differing]
        written = raw_points.by_ids(site.cluster, site.collection, ids)
        proofs |= prover.prove(differing, written)
        for source in differing:
            if proofs[source.id].difference:
                raise verification_error(proofs[source.id].difference)
        missing = sum(source.id not in actual for source in differing)
        current.add_repaired("points", repaired=len(differing), missing=missing)
    _count_page(current, expected, proofs)


def _count_page(
    current: VerificationPass,
    expected: list[SourcePoint],
    proofs: dict[PointId, PointProof],
) -> None:
    """Add a page to the counts of points, vectors and fields, and to both digests."""
    current.seen["points"] = current.seen.get("points", 0) + len(expected)
    for source in expected:
        current.foreign += source.is_foreign
        for name in source.vector_names():
            current.vectors[name] = current.vectors.get(name, 0) + 1
        current.add_changed(proofs[source.id].changed)
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
    expected: list[SourcePoint],
    stop: PointId | None,
) -> PointsById:
    """Return the expected points that the clone has; count those not expected.

    The range goes from the pass's position up to, but not including, `stop`.
    """
    wanted = {source.id for source in expected}
    end = None if stop is None else sort_key(stop)
    found: PointsById = {}
    offset = current.offset
    while True:
        page = _clone_page(context, offset, limit=max(1, len(expected)))
        for row in page.points:
            if end is not None and sort_key(row.id) >= end:
                return found
            if row.id in wanted:
                found[row.id] = row
            else:
                current.extra += 1
                current.extra_id = row.id
        offset = page.next_offset
        if offset is None or (end is not None and sort_key(offset) >= end):
            return found


def _clone_page(context: CopyContext, offset: PointId | None, *, limit: int) -> RawPage:
    """Read a page of the clone; raise Conflict for one that has no end or no order."""
    site = context.target_site
    page = raw_points.page(site.cluster, site.collection, offset=offset, limit=limit)
    problem = disorder(offset, [row.id for row in page.points], page.next_offset)
    if problem:
        raise verification_error(f"the clone's points cannot be read: {problem}.")
    return page
