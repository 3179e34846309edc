"""The rows of a clone's report: counts, settings, vectors and digests of both sides."""

from typing import Any, Final

from nsadmin.clones.copy import collection, documents
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.points import VECTORS_KEY, came_whole
from nsadmin.clones.verify import copy_proof, copy_report
from nsadmin.clones.verify.pass_state import VerificationPass, verification_error
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points

Json = dict[str, Any]

_TITLES: Final = {
    "buckets": "Buckets",
    "objects": "Objects",
    "collections": "Collections",
    "retrievers": "Retrievers",
    "taxonomies": "Taxonomies",
    "points": "Documents (points in Qdrant)",
}


def source_counts(context: CopyContext) -> dict[str, int]:
    """Count the documents of each kind, and the points, of the source exactly."""
    namespace_id = context.source.namespace_id
    counts: dict[str, int] = {
        kind: resources.count(kind, namespace_id)
        for kind in documents.copied_kinds(context)
    }
    if context.include.collections:
        live = context.source_collection()
        counts["points"] = (
            points.count(context.source_cluster, context.source.collection)
            if live
            else 0
        )
    return counts


def left_out_counts(context: CopyContext) -> dict[str, int]:
    """Count the source's documents of each kind that was not asked for."""
    namespace_id = context.source.namespace_id
    return {
        kind: resources.count(kind, namespace_id)
        for kind in resources.KINDS
        if not getattr(context.include, kind, True)
    }


def clone_counts(context: CopyContext) -> dict[str, int]:
    """Count the documents of each kind, and the points, of the clone exactly."""
    namespace_id = context.target.namespace_id
    counts: dict[str, int] = {
        kind: resources.count(kind, namespace_id)
        for kind in documents.copied_kinds(context)
    }
    if context.include.collections:
        counts["points"] = points.count(
            context.target_cluster, context.target.collection
        )
    return counts


def count_rows(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> list[Json]:
    """Return the rows with the exact counts of both sides."""
    rows = []
    for part, count in source_counts(context).items():
        row = _row(_TITLES[part], source=count, clone=clone_counts[part])
        if part == "points" and current.left_out:
            row["left_out"] = current.left_out
            row["equal"] = count == clone_counts[part] + current.left_out
        rows.append(row)
    return rows


def content_rows(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> list[Json]:
    """Return the rows about vectors, indexes, contents and references.

    Raises Conflict where source and clone differ.
    """
    rows = _collection_rows(context)
    if context.include.collections:
        is_whole = came_whole(context)
        rows += _vector_rows(context, current, _exact(context, current, clone_counts))
        rows.append(_digest_row(current, with_vectors=not is_whole))
        if is_whole:
            rows.append(copy_report.sample_row(context))
    # Every page was checked for references; one that is left raises an error.
    rows.append(_row("References to the source in the clone", source=0, clone=0))
    return rows


def _digest_row(current: VerificationPass, *, with_vectors: bool) -> Json:
    if current.source_digest != current.clone_digest:
        raise verification_error("the digests of the contents differ.")
    return _row(
        f"Digest of ids{', payloads and vectors' if with_vectors else ' and payloads'}",
        source=current.source_digest,
        clone=current.clone_digest,
    )


def _row(title: str, *, source: int | str, clone: int | str) -> Json:
    return {"what": title, "source": source, "clone": clone, "equal": source == clone}


def _collection_rows(context: CopyContext) -> list[Json]:
    """Return the rows about vectors and indexes; none if the source has no collection.

    Raises Conflict where the clone lacks something.
    """
    source = context.source_collection()
    clone = collections.get(context.target_cluster, context.target.collection)
    if clone is None:
        raise verification_error("the clone has no collection.")
    if source is None:
        return []
    differing = collection.differences(source, clone)
    if differing:
        names = ", ".join(differing[:5])
        raise verification_error(f"the collections differ in {names}.")
    shared = len(set(source.indexes) & set(clone.indexes))
    return [
        _row(
            "Vectors with size and distance",
            source=len(source.vectors),
            clone=len(clone.vectors),
        ),
        _row("Payload indexes of the source", source=len(source.indexes), clone=shared),
    ]


def _exact(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> frozenset[str]:
    """Return the vectors that the clone has to have exactly as often as the source.

    After a comparison of all points these are all vectors, unless the clone has points
    that were not seen. A copy that came as a whole is of an earlier instant: then those
    whose number did not change at the source.
    """
    if clone_counts["points"] != current.seen.get("points"):
        return frozenset()
    if not came_whole(context):
        return frozenset(current.vectors)
    if not copy_proof.proven(context).is_source_unwritten:
        return frozenset()
    before = context.job.cursor.get(VECTORS_KEY) or {}
    return frozenset(
        n for n, count in current.vectors.items() if before.get(n) == count
    )


def _vector_rows(
    context: CopyContext, current: VerificationPass, exact: frozenset[str]
) -> list[Json]:
    """Return a row with the number of points for each vector; a point may lack some.

    Raises Conflict for a different number of one that has to be exact.
    """
    rows = []
    for name, source_count in sorted(current.vectors.items()):
        where = {"must": [{"has_vector": name}]}
        clone_count = points.count(
            context.target_cluster, context.target.collection, where=where
        )
        if name in exact and clone_count != source_count:
            raise verification_error(
                f"{clone_count:,} points of the clone have vector {name}, "
                f"{source_count:,} of the source."
            )
        title = f"Points with {name or 'the vector'}"
        rows.append(_row(title, source=source_count, clone=clone_count))
    return rows
