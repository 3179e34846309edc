"""The job that fills a clone: repeatable copy stages, then the verification."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.clones import references, stages
from nsadmin.clones.copy import collection, documents, finish, points
from nsadmin.clones.copy.context import CopyContext, is_ready, load_context
from nsadmin.clones.verify import verify
from nsadmin.errors import Conflict, NsadminError
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.pace import Pace
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import register_kind
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.bulk import rate_limits
from nsadmin.transfer import session, transfer
from nsadmin.transfer.site import Site

# One that returns False has sent the job back to an earlier stage.
StageFunction = Callable[[CopyContext], bool | None]

# Cursor entries of the current stage; removed when the stage ends.
_STAGE_CURSOR_KEYS = ("after", "offset", "done", "at_end", "proof")
# What a slice may take beside the longest call of a transfer.
_BESIDE_CALLS_S = 120
# A source that is silent for so long after the end keeps its snapshots.
_CLEANED_FOR = timedelta(hours=1)


def settle(job: Job) -> None:
    """Record how the job ended, in the clone's namespace and in the audit log."""
    if job.state == State.DONE:
        record.close(job.op_id, Outcome.DONE)
        return
    is_cancelled = job.state == State.CANCELLED
    reason = clone_target.CANCELLED_REASON if is_cancelled else job.error
    clone_target.fail(job.namespace_id, reason)
    record.close(job.op_id, Outcome.FAILED, error=reason)
    _clean_up(job)


def _clean_up(job: Job) -> None:
    """Delete the snapshots that the copy left at its source.

    Raises Unavailable while the source is silent, for an hour after the job's end.
    """
    state = job.cursor.get(session.KEY)
    raw = store.get(job.source_namespace_id)
    if not state or raw is None or document.is_tombstone(raw):
        return
    source = document.read(raw)
    try:
        transfer.clean_up(Site(cluster_of(source), source.collection), state)
    except NsadminError:
        ended_at = job.ended_at or timezone.now()
        if timezone.now() - ended_at < _CLEANED_FOR:
            raise


@register_kind(
    stages.KIND,
    task_type="api_namespaces_create",
    settle=settle,
    limit_s=int(settings.NSADMIN_TRANSFER_CALL_S) + _BESIDE_CALLS_S,
)
def run(job_context: JobContext) -> None:
    """Run every unfinished stage, then set the clone's status to ready."""
    if is_ready(job_context):
        return
    context = load_context(job_context)
    with rate_limits.waited_for(Pace(job_context, "the copy").pause):
        _run_stages(context)
        _mark_ready(context)


def _run_stages(context: CopyContext) -> None:
    if "ids" not in context.job.cursor:
        context.refresh_ids()
        context.save()
    functions = _stage_functions(context)
    while unfinished := _unfinished(context, functions):
        key, run_stage = unfinished[0]
        context.require_source()
        if run_stage(context) is not False:
            _end_stage(context, key)


def _unfinished(
    context: CopyContext, functions: list[tuple[str, StageFunction]]
) -> list[tuple[str, StageFunction]]:
    finished = context.job.cursor.get("finished", [])
    return [(key, run_stage) for key, run_stage in functions if key not in finished]


def _stage_functions(context: CopyContext) -> list[tuple[str, StageFunction]]:
    """Return the key and the function of each stage that this clone has."""
    functions: dict[str, StageFunction] = {
        stages.PREPARE: collection.prepare,
        stages.CONFIGURATION: _copy_configuration,
        stages.OBJECTS: documents.copy_objects,
        stages.POINTS: points.copy_points,
        stages.REFERENCES: references.rewrite_references,
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
