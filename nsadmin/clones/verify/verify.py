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
from nsadmin.clones.stages import OBJECTS, POINTS, VERIFY_STAGES
from nsadmin.clones.verify import documents_pass, points_pass
from nsadmin.clones.verify.pass_state import (
    VerificationPass,
    end_part,
    verification_error,
)
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections, points

Json = dict[str, Any]

MAX_PASSES: Final = len(VERIFY_STAGES)
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
    progress = context.job.progress
    while True:
        _start_pass(context, current)
        _run_pass(context, current)
        needs_pass = current.mended > 0 or _has_source_grown(context, current)
        progress.end(current.stage)
        if not needs_pass or current.number >= MAX_PASSES:
            break
        context.job.record_event(
            f"{current.mended:,} differences repaired; comparing again.", "warn"
        )
        current = current.next_pass()
    progress.drop(VERIFY_STAGES[current.number :])
    _report(context, current, needs_pass=needs_pass)


def _start_pass(context: CopyContext, current: VerificationPass) -> None:
    """Set the progress total; at the start of a pass, add the source's new ids."""
    if not current.finished and not current.after:
        context.refresh_ids()
    total = sum(_source_counts(context).values())
    context.job.progress.begin(current.stage, total=total)
    context.job.progress.advance(current.stage, done=current.checked)


def _run_pass(context: CopyContext, current: VerificationPass) -> None:
    """Run a pass to its end; raises what `JobContext.checkpoint` raises."""
    for kind in documents.copied_kinds(context):
        if kind not in current.finished:
            documents_pass.compare_kind(context, current, kind)
            end_part(context, current, kind)
    if context.include.collections and "points" not in current.finished:
        points_pass.compare_points(context, current)
        end_part(context, current, "points")


def _report(
    context: CopyContext, current: VerificationPass, *, needs_pass: bool
) -> None:
    """Write the result of the last pass; raise Conflict where the two differ."""
    clone_counts = _clone_counts(context)
    _require_explained(context, current, clone_counts)
    rows = _count_rows(context, current, clone_counts)
    changed = needs_pass or not all(row["equal"] for row in rows)
    context.job.outputs.update(
        cloned_resources={**NO_RESOURCES, **clone_counts},
        proof=[*rows, *_content_rows(context, current, clone_counts)],
        source_changed=changed,
        foreign_points=current.foreign,
        foreign_points_left_out=current.left_out,
        changed_paths=[
            {"path": path, "count": count}
            for path, count in sorted(current.changed.items())
        ],
    )
    if changed:
        message = "The source changed during the copy; the report has the numbers."
        context.job.record_event(message, "warn")
    else:
        message = "Compared with the source: complete and identical."
        context.job.record_event(message, "ok")


def _source_counts(context: CopyContext) -> dict[str, int]:
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
    left_out = {"points": current.left_out}
    return any(
        count - left_out.get(part, 0) > current.seen.get(part, 0)
        for part, count in _source_counts(context).items()
    )


def _require_explained(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> None:
    """Raise Conflict if the clone has more than was written, or less than was seen.

    It may have more than the source has now: what the source deleted meanwhile.
    """
    for kind in documents.copied_kinds(context):
        if kind != "objects":
            made = set(context.ids.new[kind].values())
            every = resources.every(kind, context.target.namespace_id)
            for row in every:
                if row["_id"] not in made:
                    raise verification_error(
                        f"{kind}: the clone has {row['_id']}, which is not a copy."
                    )
    stages_of = {"objects": OBJECTS, "points": POINTS}
    for part, count in clone_counts.items():
        seen = current.seen.get(part, 0)
        if count < seen:
            raise verification_error(
                f"the clone has {count:,} {part}; {seen:,} were compared."
            )
        if part in stages_of:
            copied = context.job.progress.stage(stages_of[part]).done
            more = count - copied - current.added.get(part, 0)
            if more > 0:
                such = f", such as {current.extra_id}" if part == "points" else ""
                raise verification_error(
                    f"the clone has {more:,} more {part} than were copied{such}."
                )


def _count_rows(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> list[Json]:
    """Return the rows with the exact counts of both sides."""
    rows = []
    for part, count in _source_counts(context).items():
        row = _row(_TITLES[part], source=count, clone=clone_counts[part])
        if part == "points" and current.left_out:
            row["left_out"] = current.left_out
            row["equal"] = count == clone_counts[part] + current.left_out
        rows.append(row)
    return rows


def _content_rows(
    context: CopyContext, current: VerificationPass, clone_counts: dict[str, int]
) -> list[Json]:
    """Return the rows about vectors, indexes, contents and references.

    Raises Conflict where source and clone differ.
    """
    rows = _collection_rows(context)
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
