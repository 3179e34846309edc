"""The job that fills a clone: repeatable copy stages, then the verification."""

import time
from collections.abc import Callable

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.clones import stages
from nsadmin.clones.copy import collection, documents, finish, points
from nsadmin.clones.copy.context import CopyContext, is_ready, load_context
from nsadmin.clones.verify import verify
from nsadmin.errors import Conflict
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import register_kind
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.read import snapshots
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import rate_limits

StageFunction = Callable[[CopyContext], None]

# Cursor entries of the current stage; removed when the stage ends.
_STAGE_CURSOR_KEYS = ("after", "offset", "done", "at_end", "proof")
_CANCELLED_REASON = "cancelled"


def settle(job: Job) -> None:
    """Record how the job ended, in the clone's namespace and in the audit log."""
    if job.state == State.DONE:
        record.close(job.op_id, Outcome.DONE)
        return
    reason = _CANCELLED_REASON if job.state == State.CANCELLED else job.error
    clone_target.fail(job.namespace_id, reason)
    record.close(job.op_id, Outcome.FAILED, error=reason)


@register_kind(stages.KIND, task_type="api_namespaces_create", settle=settle)
def run(job_context: JobContext) -> None:
    """Run every unfinished stage, then set the clone's status to ready."""
    if is_ready(job_context):
        return
    context = load_context(job_context)
    with rate_limits.waited_for(context.pause):
        _run_stages(context)
        _mark_ready(context)


def _run_stages(context: CopyContext) -> None:
    if "ids" not in context.job.cursor:
        context.refresh_ids()
        context.save()
    for key, run_stage in _stage_functions(context):
        if key not in context.job.cursor.get("finished", []):
            context.require_source()
            run_stage(context)
            _end_stage(context, key)


def _stage_functions(context: CopyContext) -> list[tuple[str, StageFunction]]:
    """Return the key and the function of each stage that this clone has."""
    functions: dict[str, StageFunction] = {
        stages.PREPARE: collection.prepare,
        stages.CONFIGURATION: _copy_configuration,
        stages.OBJECTS: documents.copy_objects,
        stages.POINTS: points.copy_points,
        stages.RETRIEVERS: _copy_retrievers,
        stages.TAXONOMIES: _copy_taxonomies,
        stages.VERIFY: verify.verify,
    }
    return [
        (stage.key, functions[stage.key])
        for stage in stages.stages(context.include)
        if stage.key in functions  # the passes of the verification are one function
    ]


def _copy_configuration(context: CopyContext) -> None:
    kinds = documents.copied_kinds(context)
    before_objects = kinds[: kinds.index("objects")]
    documents.copy_kinds(context, stages.CONFIGURATION, before_objects)


def _copy_retrievers(context: CopyContext) -> None:
    documents.copy_kinds(context, stages.RETRIEVERS, ["retrievers"])


def _copy_taxonomies(context: CopyContext) -> None:
    documents.copy_kinds(context, stages.TAXONOMIES, ["taxonomies"])


def _end_stage(context: CopyContext, key: str) -> None:
    context.job.progress.end(key)
    for cursor_key in _STAGE_CURSOR_KEYS:
        context.job.cursor.pop(cursor_key, None)
    stage = context.job.progress.stage(key)
    context.job.record_event(f"{stage.title}: {stage.done:,} {stage.unit}.", "ok")
    context.save(finished=[*context.job.cursor.get("finished", []), key])


def _mark_ready(context: CopyContext) -> None:
    """Set the clone's status to ready; raise LeaseLost if another worker has the job.

    Raises Conflict if the status was changed meanwhile.
    """
    context.require_source()
    finish.finish_settings(context)
    context.job.raise_if_interrupted()
    _record_count(context)
    updated = clone_target.ready(context.target.namespace_id)
    if updated is None and not is_ready(context.job):
        raise Conflict("The status of the clone's namespace changed during the copy.")


def _record_count(context: CopyContext) -> None:
    """Store a snapshot of the clone with the proven number of points.

    Written before the clone is ready, so that no reader gets the number of an earlier
    look, and Qdrant's own number is approximate.
    """
    began = time.perf_counter()
    live = collections.get(context.target_cluster, context.target.collection)
    milliseconds = (time.perf_counter() - began) * 1000
    if live is not None:
        proven = context.job.outputs["cloned_resources"]["points"]
        snapshots.store_counted(
            context.target.namespace_id, live, points=proven, milliseconds=milliseconds
        )
