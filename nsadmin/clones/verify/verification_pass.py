"""One pass of the verification: compare source and clone, and repair differences.

Documents and points that differ are written again and read back; if they still differ,
the verification has failed. A pass without repairs proves that all it read is equal.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from nsadmin.clones.copy import documents, points
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.points import Point
from nsadmin.clones.rewrite.references import find_references
from nsadmin.clones.verify import compare
from nsadmin.errors import Conflict
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind
from nsadmin.stores.qdrant import points as store

Document = dict[str, Any]
Documents = dict[str, Document]
PointsById = dict[int | str, Point]

_ZERO_DIGEST: Final = "0" * 32


@dataclass(slots=True)
class VerificationPass:
    """The state of one pass; it is kept in the job's cursor between slices.

    `finished` has the compared kinds, `after` and `offset` the position in the current
    one. `seen` counts the compared documents and points, `vectors` the points with each
    vector, `foreign` the points of other namespaces in the source's collection,
    `mended` the repaired differences.
    """

    number: int = 1
    finished: list[str] = field(default_factory=list)
    after: str = ""
    offset: int | str | None = None
    seen: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, int] = field(default_factory=dict)
    foreign: int = 0
    mended: int = 0
    source_digest: str = _ZERO_DIGEST
    clone_digest: str = _ZERO_DIGEST

    @property
    def checked(self) -> int:
        """How many documents and points were compared."""
        return sum(self.seen.values())


def verification_error(reason: str) -> Conflict:
    """Return the error for a clone that differs from its source."""
    return Conflict(f"The verification failed: {reason}", code="clone_unproven")


def run_pass(context: CopyContext, current: VerificationPass) -> None:
    """Run a pass to its end; raises what `JobContext.checkpoint` raises."""
    for kind in documents.copied_kinds(context):
        if kind not in current.finished:
            _compare_kind(context, current, kind)
            _end_part(context, current, kind)
    if context.include.collections and "points" not in current.finished:
        _compare_points(context, current)
        _end_part(context, current, "points")


def _end_part(context: CopyContext, current: VerificationPass, part: str) -> None:
    current.finished.append(part)
    current.after, current.offset = "", None
    _save(context, current)


def _save(context: CopyContext, current: VerificationPass) -> None:
    context.job.progress.advance("verify", done=current.checked)
    context.save(proof=asdict(current))


# The namespace store ------------------------------------------------------------------


def _compare_kind(context: CopyContext, current: VerificationPass, kind: Kind) -> None:
    """Compare all documents of a kind, page by page, and repair differences."""
    for page in documents.source_pages(context, kind, after=current.after):
        rewritten = [
            documents.rewrite_document(context, kind, document)
            for document in page
            if documents.is_mapped(context, kind, document)
        ]
        expected = {document["_id"]: document for document in rewritten}
        repaired, actual = _repair_documents(context, kind, expected)
        _require_no_references(context, kind, list(actual.values()))
        current.mended += repaired
        current.seen[kind] = current.seen.get(kind, 0) + len(expected)
        current.after = page[-1]["_id"]
        _save(context, current)


def _repair_documents(
    context: CopyContext, kind: Kind, expected: Documents
) -> tuple[int, Documents]:
    """Write differing documents again; return their number and the documents read."""
    actual = _clone_documents(context, kind, expected)
    differing = _differing_documents(expected, actual)
    if differing:
        context.job.raise_if_interrupted()
        resources.put(kind, differing)
        actual = _clone_documents(context, kind, expected)
        still_expected = {document["_id"]: document for document in differing}
        if _differing_documents(still_expected, actual):
            raise verification_error(f"{kind} read back differ from the written ones.")
    return len(differing), actual


def _differing_documents(expected: Documents, actual: Documents) -> list[Document]:
    return [d for own_id, d in expected.items() if actual.get(own_id) != d]


def _clone_documents(
    context: CopyContext, kind: Kind, expected: Documents
) -> Documents:
    """Return the clone's documents with the ids of `expected`.

    Object ids keep their order in the clone, so only the range of a page is read; the
    other kinds are few and are read as a whole.
    """
    namespace_id = context.target.namespace_id
    if kind != "objects":
        every = resources.every(kind, namespace_id)
        return {d["_id"]: d for d in every if d["_id"] in expected}
    first, last = min(expected), max(expected)
    actual: Documents = {}
    after = first[:-1]  # a prefix of the first id, so that page includes that id
    while page := resources.page(kind, namespace_id, after=after):
        actual.update((d["_id"], d) for d in page if d["_id"] in expected)
        after = page[-1]["_id"]
        if after >= last:
            break
    return actual


def _require_no_references(
    context: CopyContext, title: str, rows: list[Document]
) -> None:
    """Raise Conflict if a document of the clone has an id of the source."""
    for row in rows:
        old_id = next(find_references(row, context.ids), None)
        if old_id is not None:
            raise verification_error(f"{title} still refer to the source ({old_id}).")


# Qdrant -------------------------------------------------------------------------------


def _compare_points(context: CopyContext, current: VerificationPass) -> None:
    live = context.source_collection()
    if live is None:
        return
    size = points.page_size([vector.size for vector in live.vectors.values()])
    while True:
        rows, next_offset = context.source_page(current.offset, size)
        own = points.own_points(context, rows)
        expected = [points.rewrite_point(context, point) for point in own]
        current.foreign += len(rows) - len(own)
        if expected:
            _compare_page(context, current, expected)
        if next_offset is None:
            return
        current.offset = next_offset
        _save(context, current)


def _compare_page(
    context: CopyContext, current: VerificationPass, expected: list[Point]
) -> None:
    """Compare a page of points with the clone's, and repair the ones that differ."""
    actual = _read_same_range(context, expected)
    differing = _differing_points(expected, actual)
    if differing:
        # The clone may have points that the source deleted meanwhile; they shift the
        # range, so points that seem to be missing are read by their ids.
        actual |= _read_by_id(context, differing)
        differing = _differing_points(differing, actual)
    if differing:
        context.job.raise_if_interrupted()
        store.put(context.target_cluster, context.target.collection, differing)
        actual |= _read_by_id(context, differing)
        if _differing_points(differing, actual):
            raise verification_error("points read back differ from the written ones.")
    current.mended += len(differing)
    payloads = [actual[p["id"]].get("payload") or {} for p in expected]
    _require_no_references(context, "documents", payloads)
    _count_page(current, expected, actual)


def _differing_points(expected: list[Point], actual: PointsById) -> list[Point]:
    return [p for p in expected if not compare.is_same(p, actual.get(p["id"]))]


def _count_page(
    current: VerificationPass, expected: list[Point], actual: PointsById
) -> None:
    """Add a page to the counts of points and vectors and to both digests."""
    current.seen["points"] = current.seen.get("points", 0) + len(expected)
    for point in expected:
        names = point["vector"] if isinstance(point["vector"], dict) else ("",)
        for name in names:
            current.vectors[name] = current.vectors.get(name, 0) + 1
    source = [compare.digest(point) for point in expected]
    # Vectors that differ within the tolerance count as equal, so such a point gets the
    # digest of the source's point; otherwise the sums could never be equal.
    clone = [
        digest
        if point["vector"] != actual[point["id"]].get("vector")
        else compare.digest(points.as_point(actual[point["id"]]))
        for point, digest in zip(expected, source, strict=True)
    ]
    current.source_digest = compare.add_digests(current.source_digest, source)
    current.clone_digest = compare.add_digests(current.clone_digest, clone)


def _read_same_range(context: CopyContext, expected: list[Point]) -> PointsById:
    """Return as many points of the clone as expected, from the first expected id on."""
    rows, _ = store.page(
        context.target_cluster,
        context.target.collection,
        offset=expected[0]["id"],
        limit=len(expected),
        with_vectors=True,
    )
    return {row["id"]: row for row in rows}


def _read_by_id(context: CopyContext, expected: list[Point]) -> PointsById:
    rows, _ = store.page(
        context.target_cluster,
        context.target.collection,
        limit=len(expected),
        with_vectors=True,
        where={"must": [{"has_id": [p["id"] for p in expected]}]},
    )
    return {row["id"]: row for row in rows}
