"""The job that moves a namespace; any part of it may run twice.

Readers see one complete collection at every instant: the present one until the flip,
the new one from then on. Whatever fails before the flip leaves the namespace as it was.
"""

from collections.abc import Callable
from typing import Final

from django.conf import settings

from nsadmin.errors import Unavailable
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.pace import Pace
from nsadmin.jobs.registry import register_kind
from nsadmin.moves import document_writes, finish, passes
from nsadmin.moves.collection import (
    live_source,
    make,
    remember_shape,
    require_complete,
    require_same_shape,
    session,
)
from nsadmin.moves.context import MoveContext, load
from nsadmin.moves.ending import settle
from nsadmin.moves.write_pause import WritePause
from nsadmin.namespaces.change import moving
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import rate_limits
from nsadmin.transfer import sample, transfer

Run = Callable[[MoveContext], None]

# Cursor entries: the stages that have ended, and whether the proof is in the outputs.
_FINISHED: Final = "finished"
_PROVEN: Final = "proven"
# Beside the longest call of a transfer, a slice has other calls.
_MARGIN_S: Final = 300


@register_kind(
    moving.KIND,
    task_type=moving.TASK_TYPE,
    settle=settle,
    limit_s=int(settings.NSADMIN_TRANSFER_CALL_S) + _MARGIN_S,
)
def run(job: JobContext) -> None:
    """Run every unfinished stage up to the flip, then what follows it."""
    context = load(job)
    with rate_limits.waited_for(Pace(job, "the move").pause):
        if not context.is_flipped:
            for key, stage in _stages(context):
                if key not in job.cursor.get(_FINISHED, []):
                    require_same_shape(context)
                    stage(context)
                    _end(context, key)
            _flip(context)
            context = load(job)
        finish.finish(context)


def _stages(context: MoveContext) -> list[tuple[str, Run]]:
    """Return the key and the function of each stage before the flip."""
    stages: list[tuple[str, Run]] = [
        (moving.PREPARE, _prepare),
        (moving.TRANSFER, _transfer),
        (moving.COMPARE, passes.prove),
        (moving.CATCH_UP, passes.catch_up),
    ]
    return [
        (key, stage)
        for key, stage in stages
        if not (context.is_back and key == moving.TRANSFER)
    ]


def _prepare(context: MoveContext) -> None:
    """Record what is there, draw a sample, and make the new collection."""
    progress = context.job.progress
    progress.begin(moving.PREPARE, total=3)
    remember_shape(context)
    progress.advance(moving.PREPARE, done=1)
    if not context.is_back and passes.DRAWN_KEY not in context.job.cursor:
        context.save(**{passes.DRAWN_KEY: sample.draw(context.source)})
    progress.advance(moving.PREPARE, done=2)
    make(context)
    progress.advance(moving.PREPARE, done=3)


def _transfer(context: MoveContext) -> None:
    context.job.progress.begin(moving.TRANSFER, total=passes.points_of(context))
    result = transfer.run(session(context, moving.TRANSFER))
    for reason in result.reasons:
        context.job.record_event(reason)


def _flip(context: MoveContext) -> None:
    """Catch up for the last time and put the namespace on the new cluster."""
    job = context.job
    job.progress.begin(moving.FLIP, total=3)
    pause = None
    if job.inputs["pause_writes"]:
        pause = WritePause(context)
        passes.catch_up_paused(context, pause)
    job.progress.advance(moving.FLIP, done=1)
    require_complete(context)
    if _PROVEN not in job.cursor:
        job.outputs["proof"] = passes.proof_rows(context)
        job.outputs["indexed"] = _indexed(context)
        job.progress.advance(moving.FLIP, done=2)
        context.save(**{_PROVEN: True})
    # Cancelled after the flip, a move would leave out the last writes.
    job.commit()
    if pause is not None:
        pause.hold()
    job.raise_if_interrupted()
    document_writes.flip(job.job)
    job.progress.advance(moving.FLIP, done=3)
    job.progress.end(moving.FLIP)


def _indexed(context: MoveContext) -> dict[str, int]:
    """Return how many vectors of the new collection are indexed, of how many."""
    there = collections.get(context.target.cluster, context.target.collection)
    here = live_source(context)
    if there is None:
        raise Unavailable("The new collection does not answer.")
    return {
        "indexed": there.indexed_vectors,
        "points": there.points,
        "indexed_before": here.indexed_vectors,
    }


def _end(context: MoveContext, key: str) -> None:
    job = context.job
    job.progress.end(key)
    stage = job.progress.stage(key)
    job.record_event(f"{stage.title}: {stage.done:,} {stage.unit}.", "ok")
    context.save(**{_FINISHED: [*job.cursor.get(_FINISHED, []), key]})
