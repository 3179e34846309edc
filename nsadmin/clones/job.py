"""The job that fills a clone: stages that may be repeated, then the proof."""

from collections.abc import Callable

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.clones import stages
from nsadmin.clones.copy import collection, documents, points
from nsadmin.clones.copy.context import CopyContext, is_over, load_context
from nsadmin.clones.verify import verify
from nsadmin.errors import Conflict
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import kind
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.read import snapshots

Step = Callable[[CopyContext], None]

# What belongs to the stage in hand and is forgotten with it.
_OF_STAGE = ("after", "offset", "done", "at_end", "proof")
_CANCELLED = "cancelled"


def settle(job: Job) -> None:
    """Tell the clone's namespace and the audit how the job ended."""
    if job.state == State.DONE:
        record.close(job.op_id, Outcome.DONE)
        return
    reason = _CANCELLED if job.state == State.CANCELLED else job.error
    clone_target.fail(job.namespace_id, reason)
    record.close(job.op_id, Outcome.FAILED, error=reason)


@kind(stages.KIND, task_type="api_namespaces_create", settle=settle)
def run(work: JobContext) -> None:
    """Copy, prove, and only then show the clone as ready."""
    if is_over(work):
        return
    c = load_context(work)
    if "ids" not in work.cursor:
        c.learn_ids()
        c.save()
    for key, step in _steps(c):
        if key not in work.cursor.get("finished", []):
            c.require_source()
            step(c)
            _end_stage(c, key)
    _show(c)


def _steps(c: CopyContext) -> list[tuple[str, Step]]:
    every: dict[str, Step] = {
        stages.PREPARE: collection.prepare,
        stages.CONFIGURATION: _configuration,
        stages.OBJECTS: documents.copy_objects,
        stages.POINTS: points.copy_points,
        stages.RETRIEVERS: _retrievers,
        stages.TAXONOMIES: _taxonomies,
        stages.VERIFY: verify.verify,
    }
    return [(stage.key, every[stage.key]) for stage in stages.stages(c.include)]


def _configuration(c: CopyContext) -> None:
    early = documents.kinds(c)
    early = early[: early.index("objects")]
    documents.copy_kinds(c, stages.CONFIGURATION, early)


def _retrievers(c: CopyContext) -> None:
    documents.copy_kinds(c, stages.RETRIEVERS, ["retrievers"])


def _taxonomies(c: CopyContext) -> None:
    documents.copy_kinds(c, stages.TAXONOMIES, ["taxonomies"])


def _end_stage(c: CopyContext, key: str) -> None:
    c.work.progress.end(key)
    for passing in _OF_STAGE:
        c.work.cursor.pop(passing, None)
    stage = c.work.progress.stage(key)
    c.work.note(f"{stage.title}: {stage.done:,} {stage.unit}.", "ok")
    c.save(finished=[*c.work.cursor.get("finished", []), key])


def _show(c: CopyContext) -> None:
    """Flip the clone to ready; whoever lost the job does not get here."""
    c.work.require_held()
    c.require_source()
    shown = clone_target.ready(c.target.namespace_id)
    if shown is None and not is_over(c.work):
        raise Conflict("The clone's namespace was changed by somebody else.")
    snapshots.invalidate(c.target.namespace_id)
