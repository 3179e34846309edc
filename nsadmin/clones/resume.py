"""Resuming and discarding a clone whose job failed or was cancelled."""

from uuid import UUID

from django.db import transaction

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require
from nsadmin.audit import record
from nsadmin.clones import outlook
from nsadmin.clones.copy.collection import is_made_by
from nsadmin.clones.stages import KIND
from nsadmin.errors import Conflict, NotFound, Unavailable
from nsadmin.jobs import controls, queries
from nsadmin.jobs.audit_fields import audit_fields
from nsadmin.jobs.execution import enqueue
from nsadmin.jobs.execution.ceiling import require_room
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
    """Queue a failed or cancelled clone again from its last checkpoint.

    Raises NotFound for a discarded clone, Conflict for a job that has not ended, is
    queued already or can only fail again, RateLimited for a full queue.
    """
    job = _load_ended_job(actor, job_id)
    raw = _load_target(job)
    if raw is None:
        raise NotFound("The clone was discarded.", details={"resource": "namespace"})
    if raw.get("clone_status") != "failed":
        raise Conflict("The clone is being discarded.", code="namespace_busy")
    outlook.require(job)
    require_room(job.organization_id)
    # One transaction: a worker that takes the job at once has to see the new op_id,
    # because the end of the job closes that audit row.
    with transaction.atomic():
        if not enqueue.resume(job):
            raise Conflict("The job is already queued.", code="job_not_ended")
        job.op_id = _record_resume(actor, job)
        Job.objects.filter(job_id=job.job_id).update(op_id=job.op_id)
    return job


def discard(actor: Actor, job_id: UUID | str) -> None:
    """Delete the namespace that the job made, with its contents; safe to repeat.

    The target names the job in `clone_task_id`, so nothing else is deleted. Its
    document is deleted last, so that an interrupted discard can be repeated.
    """
    job = _load_ended_job(actor, job_id)
    raw = _load_target(job)
    if raw is None:
        return
    if raw.get("clone_status") == "failed":
        raw = clone_target.set_clone_status(
            raw["_id"], expected="failed", clone_status="deleting"
        )
    if raw is None or raw.get("clone_status") != "deleting":
        raise Conflict("The clone's job is running again.", code="namespace_busy")
    _delete_contents(raw, str(job.job_id))
    if not clone_target.remove(raw["_id"]):
        raise Unavailable("The clone was not deleted completely; discard it again.")
    snapshots.invalidate(raw["_id"])
    _record_discard(actor, job)


def _load_ended_job(actor: Actor, job_id: UUID | str) -> Job:
    job = queries.get(actor, job_id)
    require(actor, Action.NAMESPACE_CLONE)
    if job.kind != KIND or not controls.can_resume(job):
        raise Conflict(
            "Only a clone that failed or was cancelled can be resumed or discarded.",
            code="job_not_ended",
            details={"status": queries.STATUS[job.state]},
        )
    return job


def _load_target(job: Job) -> Raw | None:
    raw = store.get(job.namespace_id)
    if raw is None or document.is_tombstone(raw) or raw.get("deletion"):
        return None
    return raw if raw.get("clone_task_id") == str(job.job_id) else None


def _delete_contents(raw: Raw, job_id: str) -> None:
    """Delete every resource of the namespace, and the collection if the job made it."""
    target = document.read(raw)
    cluster = cluster_of(target)
    live = collections.get(cluster, target.collection)
    if live is not None and is_made_by(live, job_id):
        collections.drop(cluster, target.collection)
    for kind in resources.KINDS:
        resources.delete_all(kind, target.namespace_id)


def _record_resume(actor: Actor, job: Job) -> str:
    """Write the audit row that the end of the job closes; return its operation id."""
    op_id = record.new_op_id()
    record.attempt(
        op_id=op_id,
        action="job:resume",
        summary=f"Resume the job: {job.title}.",
        **audit_fields(actor, job),
    )
    return op_id


def _record_discard(actor: Actor, job: Job) -> None:
    record.record(
        action="namespace:discard-clone",
        summary=f"Discard the clone “{job.namespace_name}”.",
        **audit_fields(actor, job),
    )
