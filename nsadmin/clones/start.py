"""Launching a clone: the name is reserved and the job that fills it is sent."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.organization import second_person
from nsadmin.access.organization.second_person import (
    Approval,
    Guarded,
    with_approval,
)
from nsadmin.audit import clock, record
from nsadmin.audit.models import Outcome
from nsadmin.clones import preconditions, target
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.stages import KIND, stages
from nsadmin.clones.target_document import target_document
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.enqueue import enqueue, release, withdraw
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.placement.job_queue import max_concurrent_jobs, transfer_queue
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace

Json = dict[str, Any]

# The job does not run before this, so that the namespace can be reserved first. It is
# released earlier; if this process dies, the job runs then and fails by itself.
_RESERVATION_TIME = timedelta(seconds=30)
# Two clicks on one button are closer together than this.
_DOUBLE_SUBMIT_WINDOW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Launch:
    """A launched clone: its job and its new namespace."""

    job: Job
    namespace: NamespaceView


def launch(
    actor: Actor,
    identifier: str,
    request: CloneRequest,
    *,
    operation: uuid.UUID | None = None,
    op_id: str | None = None,
    approval: Approval | None = None,
    forecast_s: tuple[float, float] | None = None,
) -> Launch:
    """Reserve the name and the namespace, and send the job that fills it.

    `operation` becomes the id of the job: a repeated request with the same operation
    returns the clone that the first one launched. `op_id` is the id of its audit row,
    by default a new one. `approval` is the plan of another
    person that the actor confirms; `forecast_s` is how long the clone was said to take,
    kept for its report.

    Raises NotFound or Forbidden for a source the actor may not clone, Conflict for a
    busy source or a taken name, QuotaExceeded for a full plan, RateLimited for a
    full queue; and for a target what `target.resolved`, `target.infrastructure` and
    `target.require` raise.
    """
    launched = _find_launched(operation) if operation is not None else None
    if launched is not None:
        return launched
    source = preconditions.check(actor, identifier, request).namespace
    if request.source_organization_id not in (None, actor.organization_id):
        second_person.require(actor, source.internal_id, Guarded.ACROSS, approval)
    raw = planned_document(actor, source, request, job_id=operation or uuid.uuid4())
    place = target.resolved(actor, source, request.target)
    target.require(target.checks(source, document.read(raw), place), place)
    op_id = op_id or record.new_op_id()
    _record_attempt(actor, source, raw, op_id, approval)
    job = _enqueue_job(actor, source, request, raw, op_id=op_id, forecast_s=forecast_s)
    _reserve(actor, job, raw)
    release(job)
    return Launch(job, queries.view_of(document.read(raw)))


def planned_document(
    actor: Actor, source: Namespace, request: CloneRequest, *, job_id: uuid.UUID
) -> Json:
    """Return the document that the clone would start with."""
    return target_document(
        source,
        request,
        job_id=job_id,
        target=target.resolved(actor, source, request.target),
        internal_id=actor.internal_id,
        now=clock.now(),
    )


def _reserve(actor: Actor, job: Job, raw: Json) -> None:
    """Insert the target's document; cancel or withdraw the job if that fails."""
    try:
        with quota.reserve_quota(actor.internal_id, actor.plan):
            clone_target.reserve(raw)
    except Unavailable:
        # The document may have been written; then the cancelled job marks it failed.
        cancel(job)
        raise
    except NsadminError as error:
        withdraw(job)
        record.close(job.op_id, Outcome.REFUSED, error=error.message)
        raise


def _find_launched(operation: uuid.UUID) -> Launch | None:
    job = Job.objects.filter(job_id=operation).first()
    if job is None:
        return None
    return Launch(job, queries.get_stored(SYSTEM, job.namespace_id))


def find_double_submit(
    actor: Actor, source_id: str, request: CloneRequest
) -> Job | None:
    """Return the job that the actor launched with the same request a moment ago.

    After a double click the second submit finds the name taken by the first one.
    """
    same_request = Job.objects.filter(
        kind=KIND,
        actor_kind=actor.kind,
        actor_id=actor.id,
        source_namespace_id=source_id,
        namespace_name=request.namespace_name,
        created_at__gt=timezone.now() - _DOUBLE_SUBMIT_WINDOW,
        inputs__include_resources=_include_json(request),
        inputs__leave_out_foreign_points=request.leave_out_foreign_points,
    )
    return same_request.exclude(state__in=(State.FAILED, State.CANCELLED)).first()


def _include_json(request: CloneRequest) -> dict[str, bool]:
    include = request.include
    return {
        "collections": include.collections,
        "retrievers": include.retrievers,
        "taxonomies": include.taxonomies,
    }


def _enqueue_job(
    actor: Actor,
    source: Namespace,
    request: CloneRequest,
    raw: Json,
    *,
    op_id: str,
    forecast_s: tuple[float, float] | None,
) -> Job:
    told = {} if forecast_s is None else {"forecast_s": list(forecast_s)}
    return enqueue(
        KIND,
        actor=actor,
        title=f"Clone “{source.label}” as “{request.namespace_name}”",
        organization_id=actor.organization_id,
        internal_id=actor.internal_id,
        namespace_id=raw["_id"],
        namespace_name=request.namespace_name,
        source_namespace_id=source.namespace_id,
        op_id=op_id,
        stages=stages(request.include),
        job_id=uuid.UUID(raw["clone_task_id"]),
        delay=_RESERVATION_TIME,
        queue=transfer_queue(source, document.read(raw)),
        max_concurrent=max_concurrent_jobs(source),
        inputs={
            "source_namespace_id": source.namespace_id,
            "source_revision": source.revision,
            "namespace_id": raw["_id"],
            "namespace_name": request.namespace_name,
            "include_resources": _include_json(request),
            "leave_out_foreign_points": request.leave_out_foreign_points,
            **told,
        },
    )


def _record_attempt(
    actor: Actor,
    source: Namespace,
    raw: Json,
    op_id: str,
    approval: Approval | None,
) -> None:
    name = raw["namespace_name"]
    record.attempt(
        op_id=op_id,
        action="namespace:clone",
        summary=with_approval(f"Clone “{source.label}” as “{name}”.", approval),
        actor=actor,
        organization_id=actor.organization_id,
        namespace_id=raw["_id"],
        namespace_name=name,
        revision=1,
        changes=[
            {
                "field": "source_namespace_id",
                "before": None,
                "after": source.namespace_id,
                "sentence": f"Cloned from “{source.label}” ({source.namespace_id}).",
            }
        ],
    )
