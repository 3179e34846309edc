"""The verification that a clone is complete and equal to its source.

The source may change during the copy. After a pass that had to repair something, or
after which the source has more data than the clone, another pass follows, up to three
in all. Changes of the source after the last pass are reported in the job's outputs;
everything that the clone holds was read back and compared in any case.
"""

from typing import Any, Final

from nsadmin.clones.copy import collection, documents
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.request import NO_RESOURCES
from nsadmin.clones.verify import verification_pass
from nsadmin.clones.verify.verification_pass import VerificationPass, verification_error
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points

Json = dict[str, Any]

MAX_PASSES: Final = 3
_TITLES: Final = {
    "buckets": "Buckets",
    "objects": "Objects",
    "collections": "Collections",
    "retrievers": "Retrievers",
    "taxonomies": "Taxonomies",
    "points": "Documents (points in Qdrant)",
}


def verify(context: CopyContext) -> None:
    """Compare until a pass finds no difference; write the result to the outputs.

    Raises Conflict with code `clone_unproven` for differences that remain.
    """
    current = VerificationPass(**context.job.cursor.get("proof") or {})
    while True:
        _start_pass(context, current)
        verification_pass.run_pass(context, current)
        needs_pass = current.mended > 0 or _has_source_grown(context, current)
        if not needs_pass or current.number >= MAX_PASSES:
            break
        context.job.record_event(
            f"{current.mended:,} differences repaired; comparing again.", "warn"
        )
        current = VerificationPass(number=current.number + 1)
    clone_counts = _clone_counts(context)
    changed = needs_pass or any(
        current.seen.get(part, 0) != count for part, count in clone_counts.items()
    )
    context.job.outputs.update(
        cloned_resources={**NO_RESOURCES, **clone_counts},
        proof=_report_rows(context, current, clone_counts),
        source_changed=changed,
    )
    if changed:
        message = "The source changed during the copy; the report has the numbers."
        context.job.record_event(message, "warn")
    else:
        message = "Compared with the source: complete and identical."
        context.job.record_event(message, "ok")


def _start_pass(context: CopyContext, current: VerificationPass) -> None:
    """Set the progress total; at the start of a pass, add the source's new ids."""
    if not current.finished and not current.after:
        context.refresh_ids()
    parts = documents.copied_kinds(context)
    total = sum(resources.count(kind, context.source.namespace_id) for kind in parts)
    context.job.progress.begin("verify", total=total + _source_point_count(context))
    context.job.progress.advance("verify", done=current.checked)


def _source_point_count(context: CopyContext) -> int:
    if not context.include.collections:
        return 0
    if context.source_collection() is None:
        return 0
    return points.count(context.source_cluster, context.source.collection)


def _clone_counts(context: CopyContext) -> dict[str, int]:
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


def _has_source_grown(context: CopyContext, current: VerificationPass) -> bool:
    """Tell whether the source has more documents or points than the pass has seen."""
    source = context.source.namespace_id
    if any(
        resources.count(kind, source) > current.seen.get(kind, 0)
        for kind in documents.copied_kinds(context)
    ):
        return True
    return _source_point_count(context) - current.foreign > current.seen.get(
        "points", 0
    )


def _report_rows(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> list[Json]:
    """Return the rows of the report; raise Conflict where source and clone differ."""
    rows = [
        _row(_TITLES[part], source=current.seen.get(part, 0), clone=count)
        for part, count in clone_counts.items()
    ]
    rows += _collection_rows(context)
    if context.include.collections:
        exact = clone_counts["points"] == current.seen.get("points")
        rows += _vector_rows(context, current, exact=exact)
        rows.append(_digest_row(current))
    # Every page was checked for references; one that is left raises an error.
    rows.append(_row("References to the source in the clone", source=0, clone=0))
    return rows


def _digest_row(current: VerificationPass) -> Json:
    if current.source_digest != current.clone_digest:
        raise verification_error("the digests of the contents differ.")
    return _row(
        "Digest of ids, payloads and vectors",
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


def _vector_rows(
    context: CopyContext, current: VerificationPass, *, exact: bool
) -> list[Json]:
    """Return a row with the number of points for each vector.

    A point may lack vectors. `exact` is True if the pass has seen as many points as
    the clone has; then a different number raises Conflict.
    """
    rows = []
    for name, source_count in sorted(current.vectors.items()):
        where = {"must": [{"has_vector": name}]}
        clone_count = points.count(
            context.target_cluster, context.target.collection, where=where
        )
        if exact and clone_count != source_count:
            raise verification_error(
                f"{clone_count:,} points of the clone have vector {name}, "
                f"{source_count:,} of the source."
            )
        title = f"Points with {name or 'the vector'}"
        rows.append(_row(title, source=source_count, clone=clone_count))
    return rows
