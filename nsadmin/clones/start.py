"""Starting a clone: shown first, then name and namespace reserved and the job sent."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.clones import preconditions
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.clones.stages import KIND, stages
from nsadmin.clones.target_document import target_document
from nsadmin.errors import NotFound, NsadminError, Unavailable
from nsadmin.jobs.execution.cancellation import cancel
from nsadmin.jobs.execution.enqueue import enqueue, release, withdraw
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.lifecycle import clone_target
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points

Json = dict[str, Any]

NO_RESOURCES: dict[str, int] = {
    "collections": 0,
    "retrievers": 0,
    "taxonomies": 0,
    "buckets": 0,
    "objects": 0,
    "points": 0,
}
# Reserving takes far less. If the process dies in between, the job finds out by itself.
_RESERVING = timedelta(seconds=30)
# Two clicks on one button are not further apart.
_TWICE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class ClonePreview:
    """What a clone would be; `counts` has None for what cannot be counted now."""

    source: NamespaceView
    request: CloneRequest
    counts: dict[str, int | None]
    included: list[str]
    left_out: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Launch:
    """A clone that has begun."""

    job: Job
    namespace: NamespaceView


def preview(actor: Actor, identifier: str, request: CloneRequest) -> ClonePreview:
    """Return what would be cloned; nothing is written. Raises as `launch` does."""
    source = _allowed(actor, identifier, request)
    return ClonePreview(
        source=source,
        request=request,
        counts=_planned(source.namespace, request),
        included=request.include.included,
        left_out=request.include.left_out,
        warnings=_warnings(actor, source.namespace),
    )


def launch(
    actor: Actor,
    identifier: str,
    request: CloneRequest,
    *,
    operation: uuid.UUID | None = None,
) -> Launch:
    """Reserve the name and the namespace at once and send the job that fills it.

    `operation` becomes the job's id: the same act again gives the job that it began.

    Raises NotFound or Forbidden for a source the actor may not clone, Conflict for one
    that is busy and for a name that is taken, QuotaExceeded for a full plan.
    """
    begun = _begun(operation) if operation is not None else None
    if begun is not None:
        return begun
    source = _allowed(actor, identifier, request).namespace
    job_id = operation or uuid.uuid4()
    raw = target_document(
        source,
        request,
        job_id=job_id,
        internal_id=actor.internal_id,
        now=timezone.now(),
    )
    op_id = record.new_op_id()
    _attempt(actor, source, raw, op_id)
    job = _job(actor, source, request, raw, op_id)
    try:
        with quota.reserve_quota(actor.internal_id, actor.plan):
            clone_target.reserve(raw)
    except Unavailable:
        # The write may have landed: the cancelled job settles what it finds.
        cancel(job)
        raise
    except NsadminError as refused:
        withdraw(job)
        record.close(op_id, Outcome.REFUSED, error=refused.message)
        raise
    release(job)
    return Launch(job, queries.view_of(document.read(raw)))


def _begun(operation: uuid.UUID) -> Launch | None:
    job = Job.objects.filter(job_id=operation).first()
    if job is None:
        return None
    return Launch(job, queries.get_stored(SYSTEM, job.namespace_id))


def started_by(actor: Actor, source_id: str, request: CloneRequest) -> Job | None:
    """Return the job of the same clone that the actor has just begun, if any.

    Who clicks twice has asked for one clone, and the second click finds the name taken.
    """
    same = Job.objects.filter(
        kind=KIND,
        actor_kind=actor.kind,
        actor_id=actor.id,
        source_namespace_id=source_id,
        namespace_name=request.namespace_name,
        created_at__gt=timezone.now() - _TWICE,
        inputs__include_resources=_included(request),
    )
    return same.exclude(state__in=(State.FAILED, State.CANCELLED)).first()


def _included(request: CloneRequest) -> dict[str, bool]:
    include = request.include
    return {
        "collections": include.collections,
        "retrievers": include.retrievers,
        "taxonomies": include.taxonomies,
    }


@dataclass(frozen=True, slots=True)
class CloneState:
    """A clone as far as its job has come; `copied` counts the copied resources.

    `primary_retriever_id` is the id of the copied retriever, where there is just one.
    """

    job: Job
    view: NamespaceView
    copied: dict[str, int]
    primary_retriever_id: str | None


def state_of(job: Job) -> CloneState:
    """Return the state of a clone; raise NotFound where its namespace is gone."""
    view = queries.get_stored(SYSTEM, job.namespace_id)
    if view.namespace.clone_task_id != str(job.job_id):
        raise NotFound("There is no such clone.", details={"resource": "task"})
    return CloneState(
        job=job,
        view=view,
        copied=job.outputs.get("cloned_resources") or dict(NO_RESOURCES),
        primary_retriever_id=_primary_retriever(job),
    )


def _primary_retriever(job: Job) -> str | None:
    """Return the id that the source's only retriever gets; of several none is first."""
    if not job.inputs["include_resources"]["retrievers"]:
        return None
    found = resources.page("retrievers", job.source_namespace_id, limit=2)
    if len(found) != 1:
        return None
    return new_id(job.job_id, "retrievers", found[0]["retriever_id"])


def _allowed(actor: Actor, identifier: str, request: CloneRequest) -> NamespaceView:
    source = preconditions.source_of(actor, identifier, request)
    preconditions.require_ready(actor, source.namespace)
    preconditions.require_quota(actor, request.namespace_name)
    return source


def _planned(source: Namespace, request: CloneRequest) -> dict[str, int | None]:
    """Count what would come along, now."""
    wanted = request.include
    counts: dict[str, int | None] = {
        **NO_RESOURCES,
        **{
            kind: n
            for kind, n in resources.counts(source.namespace_id).items()
            if getattr(wanted, kind, True)
        },
    }
    if wanted.collections:
        try:
            counts["points"] = points.count(cluster_of(source), source.collection)
        except NsadminError:
            counts["points"] = None
    return counts


def _warnings(actor: Actor, source: Namespace) -> list[str]:
    """What one would not expect."""
    said = []
    if source.tier != "shared":
        said.append(
            "The source has a dedicated cluster. The clone goes to the shared one: "
            "addresses and keys are never copied."
        )
    if source.internal_id != actor.internal_id:
        said.append(
            "The source belongs to another organization. Secrets that its pipelines "
            "name are not copied; the clone's stages need their own."
        )
    if source.expires_at is not None:
        said.append("The source expires; the clone does not.")
    if source.observed_revision < source.revision:
        said.append("Qdrant has not caught up with the last change of the source.")
    return said


def _job(
    actor: Actor,
    source: Namespace,
    request: CloneRequest,
    raw: Json,
    op_id: str,
) -> Job:
    return enqueue(
        KIND,
        actor=actor,
        title=f"Clone “{source.name}” as “{request.namespace_name}”",
        organization_id=actor.organization_id,
        internal_id=actor.internal_id,
        namespace_id=raw["_id"],
        namespace_name=request.namespace_name,
        source_namespace_id=source.namespace_id,
        op_id=op_id,
        stages=stages(request.include),
        job_id=uuid.UUID(raw["clone_task_id"]),
        held_for=_RESERVING,
        inputs={
            "source_namespace_id": source.namespace_id,
            "namespace_id": raw["_id"],
            "namespace_name": request.namespace_name,
            "include_resources": _included(request),
        },
    )


def _attempt(actor: Actor, source: Namespace, raw: Json, op_id: str) -> None:
    name = raw["namespace_name"]
    record.attempt(
        op_id=op_id,
        action="namespace:clone",
        summary=f"Clone “{source.name}” as “{name}”.",
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
                "sentence": f"Cloned from “{source.name}” ({source.namespace_id}).",
            }
        ],
    )
