"""After a clone that failed or was cancelled: go on with it, or take it away."""

from uuid import UUID

from django.db import transaction

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.clones.copy.collection import is_made_by
from nsadmin.clones.stages import KIND
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.jobs import audit_fields, controls, queries
from nsadmin.jobs.execution import enqueue
from nsadmin.jobs.models import Job
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Raw
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import collections


def resume(actor: Actor, job_id: UUID | str) -> Job:
    """Let a failed or cancelled clone go on from its last checkpoint."""
    job = _ended_clone(actor, job_id)
    raw = _target(job)
    if raw is None:
        raise NotFound("The clone was discarded.", details={"resource": "namespace"})
    if raw.get("clone_status") != "failed":
        raise Conflict("The clone is being discarded.", code="namespace_busy")
    # Together: a worker that takes it at once closes the row of this act.
    with transaction.atomic():
        if not enqueue.resume(job):
            raise Conflict("The job is on its way already.", code="job_not_ended")
        job.op_id = _attempt(actor, job)
        Job.objects.filter(job_id=job.job_id).update(op_id=job.op_id)
    return job


def discard(actor: Actor, job_id: UUID | str) -> None:
    """Delete what the job made and nothing else; doing it twice does no harm.

    The target namespace was made by this job and names it, and everything in it came
    with it. Its document goes last, so an interrupted discard can be repeated.
    """
    job = _ended_clone(actor, job_id)
    raw = _target(job)
    if raw is None:
        return
    if raw.get("clone_status") == "failed":
        raw = clone_target.set_clone_status(
            raw["_id"], expected="failed", clone_status="deleting"
        )
    if raw is None or raw.get("clone_status") != "deleting":
        raise Conflict("The clone is being worked on again.", code="namespace_busy")
    _empty(raw, str(job.job_id))
    if not clone_target.remove(raw["_id"]):
        raise Unavailable("The clone is almost gone; discard it once more.")
    snapshots.invalidate(raw["_id"])
    _record(actor, job)


def _ended_clone(actor: Actor, job_id: UUID | str) -> Job:
    job = queries.get(actor, job_id)
    require(actor, Action.NAMESPACE_CLONE)
    if job.kind != KIND or not controls.can_resume(job):
        raise Conflict(
            "Only a clone that failed or was cancelled can be resumed or discarded.",
            code="job_not_ended",
            details={"status": queries.STATUS[job.state]},
        )
    return job


def _target(job: Job) -> Raw | None:
    raw = store.get(job.namespace_id)
    if raw is None or document.is_tombstone(raw) or raw.get("deletion"):
        return None
    return raw if raw.get("clone_task_id") == str(job.job_id) else None


def _empty(raw: Raw, job_id: str) -> None:
    """Drop the collection if this job made it, and every resource of the namespace."""
    target = document.read(raw)
    cluster = cluster_of(target)
    live = collections.get(cluster, target.collection)
    if live is not None and is_made_by(live, job_id):
        collections.drop(cluster, target.collection)
    for kind in resources.KINDS:
        resources.delete_all(kind, target.namespace_id)


def _attempt(actor: Actor, job: Job) -> str:
    """Write the row of a resumed clone, which the job's end closes; return its id."""
    op_id = record.new_op_id()
    record.attempt(
        op_id=op_id,
        action="job:resume",
        summary=f"Resume the job “{job.title}” ({job.job_id}).",
        **audit_fields.by(actor, job),
    )
    return op_id


def _record(actor: Actor, job: Job) -> None:
    record.record(
        action="namespace:discard-clone",
        summary=f"Discard the clone “{job.namespace_name}”.",
        **audit_fields.by(actor, job),
    )
