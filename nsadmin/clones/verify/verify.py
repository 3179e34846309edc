"""The verification that a clone is complete and equal to its source.

The source may change during the copy. After a pass that had to repair something, or
after which the source has more data than the clone, another pass follows, up to three
in all. Changes of the source after the last pass are reported in the job's outputs;
everything that the clone holds was read back and compared in any case.
"""

from typing import Any, Final

from django.utils import timezone

from nsadmin.clones.copy import documents, points
from nsadmin.clones.copy.context import CopyContext
from nsadmin.clones.copy.points import came_whole
from nsadmin.clones.request import NO_RESOURCES
from nsadmin.clones.stages import OBJECTS, POINTS, VERIFY_STAGES
from nsadmin.clones.verify import (
    copy_proof,
    copy_report,
    documents_pass,
    points_pass,
    rows,
)
from nsadmin.clones.verify.pass_state import (
    VerificationPass,
    end_part,
    verification_error,
)
from nsadmin.stores.mongo import resources

Json = dict[str, Any]

MAX_PASSES: Final = len(VERIFY_STAGES)


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
        context.job.outputs["proof_from"] = timezone.now().isoformat()
    total = sum(rows.source_counts(context).values())
    context.job.progress.begin(current.stage, total=total)
    context.job.progress.advance(current.stage, done=current.checked)


def _run_pass(context: CopyContext, current: VerificationPass) -> None:
    """Run a pass to its end; raises what `JobContext.checkpoint` raises."""
    for kind in documents.copied_kinds(context):
        if kind not in current.finished:
            documents_pass.compare_kind(context, current, kind)
            end_part(context, current, kind)
    if context.include.collections and "points" not in current.finished:
        _prove_points(context, current)
        end_part(context, current, "points")


def _prove_points(context: CopyContext, current: VerificationPass) -> None:
    """Compare every point with the source's, or prove a copy that came as a whole."""
    if not came_whole(context):
        points_pass.compare_points(context, current)
        return
    proof = copy_proof.prove(context, current)
    current.seen["points"] = proof.points
    current.foreign, current.changed = proof.foreign, proof.changed
    current.source_digest = proof.first_digest
    current.clone_digest = proof.second_digest
    current.vectors = points.source_vectors(context)


def _report(
    context: CopyContext, current: VerificationPass, *, needs_pass: bool
) -> None:
    """Write the result of the last pass; raise Conflict where the two differ."""
    clone_counts = rows.clone_counts(context)
    _require_explained(context, current, clone_counts)
    counted = rows.count_rows(context, current, clone_counts)
    changed = needs_pass or not all(row["equal"] for row in counted)
    is_whole = context.include.collections and came_whole(context)
    if is_whole:
        changed = changed or not copy_proof.proven(context).is_source_unwritten
        context.job.outputs["source_changes"] = copy_report.sentence(context)
    context.job.outputs.update(
        cloned_resources={**NO_RESOURCES, **clone_counts},
        proof=[*counted, *rows.content_rows(context, current, clone_counts)],
        proof_to=timezone.now().isoformat(),
        source_changed=changed,
        foreign_points=current.foreign,
        foreign_points_left_out=current.left_out,
        kinds_left_out=rows.left_out_counts(context),
        changed_paths=[
            {"path": path, "count": count}
            for path, count in sorted(current.changed.items())
        ],
    )
    if changed:
        message = "The source changed during the copy; the report has the numbers."
        if is_whole:
            message = copy_report.sentence(context)
        context.job.record_event(message, "warn")
    else:
        message = "Compared with the source: complete and identical."
        if context.omissions.sentences:
            message = "Compared with the source: identical except what was left out."
        context.job.record_event(message, "ok")


def _has_source_grown(context: CopyContext, current: VerificationPass) -> bool:
    """Tell whether the source has more documents or points than the pass has seen."""
    left_out = {"points": current.left_out}
    counts = rows.source_counts(context)
    if came_whole(context):
        counts.pop("points", None)  # the copy is of an instant that is over
    return any(
        count - left_out.get(part, 0) > current.seen.get(part, 0)
        for part, count in counts.items()
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
            if part == "points" and came_whole(context):
                copied = seen
            more = count - copied - current.added.get(part, 0)
            if more > 0:
                such = f", such as {current.extra_id}" if part == "points" else ""
                raise verification_error(
                    f"the clone has {more:,} more {part} than were copied{such}."
                )
