"""Deleting a namespace for good: mark its document, then run a job that empties it."""

from datetime import timedelta

from nsadmin.access.actor import SYSTEM, Actor
from nsadmin.access.organization import second_person
from nsadmin.access.organization.second_person import Guarded
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require_on
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import Conflict, NsadminError, PreconditionFailed, Unavailable
from nsadmin.jobs.execution import enqueue
from nsadmin.jobs.execution.ceiling import require_room
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.change.compare_and_set import updated_document, write_document
from nsadmin.namespaces.lifecycle.deletion_stages import KIND, stages
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.placement.job_queue import job_queue
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores.mongo import namespaces as store

# Marking takes far less. If the process dies meanwhile, the job starts after this
# time and checks for the mark itself.
_MARKING = timedelta(seconds=30)
ACTION = "namespace:purge"


def begin(
    actor: Actor,
    identifier: str,
    *,
    force: bool = False,
    if_match: int | None = None,
    organization_id: str | None = None,
) -> Job:
    """Mark a namespace as being deleted and send the job; this cannot be undone.

    If it is being deleted already, its job is returned, and resumed if it had failed.
    `force` stops the jobs that fill or read the namespace; a clone that reads it stays,
    failed.

    Where the organization requires a second person, this is refused: a plan deletes.

    Raises NotFound, Forbidden, PreconditionFailed if `if_match` is not the stored
    revision, Conflict for a protected namespace and, without `force`, for one with
    running jobs, RateLimited for a full queue.
    """
    view = queries.get_stored(
        actor,
        identifier,
        organization_id=organization_id,
        action=Action.NAMESPACE_DELETE,
    )
    known = running_deletion(actor, view)
    if known is not None:
        return known
    namespace = view.namespace
    require_revision(namespace, if_match)
    second_person.require(actor, namespace.internal_id, Guarded.DELETE, None)
    blockers.require_unprotected(namespace)
    if not force:
        blockers.require_unused(actor, namespace)
    try:
        return send(actor, view, if_match=if_match)
    except Conflict:
        # Another request may have marked it at the same time.
        known = running_deletion(
            actor, queries.get_stored(actor, namespace.namespace_id)
        )
        if known is None:
            raise
        return known


def resume_failed(actor: Actor, job: Job) -> None:
    """Resume a failed deletion for a person.

    Raises NotFound if the namespace no longer exists, Forbidden, RateLimited for a full
    queue.
    """
    raw = store.get(job.namespace_id)
    if raw is None or (raw.get("deletion") or {}).get("task_id") != str(job.job_id):
        raise queries.namespace_not_found(job.namespace_id)
    namespace = document.read(raw)
    require_on(
        actor,
        Action.NAMESPACE_DELETE,
        internal_id=namespace.internal_id,
        scope=namespace.scope,
        what=queries.RESOURCE,
        namespace_id=namespace.namespace_id,
    )
    view = queries.view_of(namespace)
    _require_room(actor, view)
    resume(actor, view, job)


def running_deletion(actor: Actor, view: NamespaceView) -> Job | None:
    """Return the job that deletes the namespace, resumed if it had failed.

    None if it is not being deleted. Raises RateLimited if it had failed and the queue
    is full.
    """
    task_id = view.namespace.deletion_task_id
    job = Job.objects.filter(job_id=task_id).first() if task_id else None
    if job is None or job.is_live or job.state == State.DONE:
        return job
    _require_room(actor, view)
    resume(actor, view, job)
    return job


def resume(actor: Actor, view: NamespaceView, job: Job) -> None:
    """Resume a failed deletion from its checkpoint, as a new operation of `actor`."""
    if not enqueue.resume(job):
        return
    op_id = record.new_op_id()
    _attempt(actor, view, op_id, revision=view.namespace.revision)
    Job.objects.filter(job_id=job.job_id).update(op_id=op_id)
    job.op_id = op_id


def send(actor: Actor, view: NamespaceView, *, if_match: int | None = None) -> Job:
    """Create the job, mark the document with its id, start it.

    Raises Conflict if it is marked already, RateLimited for a full queue.
    """
    _require_room(actor, view)
    op_id = record.new_op_id()
    job = _held_job(actor, view, op_id)
    _attempt(actor, view, op_id, revision=view.namespace.revision + 1)
    try:
        raw = _mark(view.namespace, job, op_id, if_match)
    except Unavailable:
        raise  # the held job checks whether the mark was written
    except NsadminError as refused:
        enqueue.withdraw(job)
        record.close(op_id, Outcome.REFUSED, error=refused.message)
        raise
    mirror.mirror_one(raw)
    enqueue.release(job)
    return job


def _require_room(actor: Actor, view: NamespaceView) -> None:
    """Raise RateLimited for a full queue, unless the platform itself deletes."""
    if actor.kind != SYSTEM.kind:
        require_room(view.organization_id)


def _mark(namespace: Namespace, job: Job, op_id: str, if_match: int | None) -> Raw:
    """Mark the document with the job that deletes it; return the new document."""

    def read() -> Namespace:
        raw = store.get(namespace.namespace_id)
        if raw is None:
            raise queries.namespace_not_found(namespace.namespace_id)
        current = document.read(raw)
        blockers.require_not_deleting(current)
        blockers.require_unprotected(current)
        if current.deleted_at != namespace.deleted_at:
            raise queries.namespace_not_found(namespace.namespace_id)
        require_revision(current, if_match)
        return current

    def change(stored: Namespace) -> Raw:
        mark = {"task_id": str(job.job_id), "op_id": op_id}
        return updated_document(stored, op_id, deletion=mark)

    return write_document(read, change, first=namespace, op_id=op_id)


def require_revision(namespace: Namespace, if_match: int | None) -> None:
    """Raise PreconditionFailed for another revision than the one that was sent."""
    if if_match is not None and if_match != namespace.revision:
        raise PreconditionFailed(
            f"The namespace is at revision {namespace.revision}; "
            "you sent another revision.",
            details={"etag": f"r{namespace.revision}"},
        )


def record_restorable(actor: Actor, view: NamespaceView) -> Job:
    """Record the deletion of a tombstone as a task that has ended."""
    namespace = view.namespace
    return enqueue.record_done(
        KIND,
        actor=actor,
        title=f"Delete “{namespace.label}”, restorable",
        organization_id=view.organization_id,
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        inputs={"namespace_id": namespace.namespace_id, "permanent": False},
    )


def _held_job(actor: Actor, view: NamespaceView, op_id: str) -> Job:
    namespace = view.namespace
    return enqueue.enqueue(
        KIND,
        actor=actor,
        title=f"Delete “{namespace.label}”",
        organization_id=view.organization_id,
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        op_id=op_id,
        stages=stages(),
        delay=_MARKING,
        queue=job_queue(namespace),
        inputs={
            "namespace_id": namespace.namespace_id,
            "namespace_name": namespace.name,
            "qdrant_collection": namespace.collection,
        },
    )


def _attempt(actor: Actor, view: NamespaceView, op_id: str, *, revision: int) -> None:
    namespace = view.namespace
    record.attempt(
        op_id=op_id,
        action=ACTION,
        summary=f"Delete “{namespace.label}” and everything in it, for good.",
        actor=actor,
        organization_id=view.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        revision=revision,
    )
