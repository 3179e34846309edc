"""Deleting a namespace for good: marked by a compare-and-set, then a job empties it."""

from datetime import timedelta

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web.gate import require_on
from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import Conflict, NsadminError, PreconditionFailed, Unavailable
from nsadmin.jobs.execution import enqueue
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change import blockers as gates
from nsadmin.namespaces.change.compare_and_set import updated_document, write_document
from nsadmin.namespaces.lifecycle.deletion_stages import KIND, stages
from nsadmin.namespaces.read import mirror, queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.stores.mongo import namespaces as store

# Marking takes far less. If the process dies in between, the job finds out by itself.
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
    """Mark a namespace as being deleted and send the job; nothing brings it back.

    A namespace that is being deleted already gives the job that does it; one whose job
    has failed lets that job go on. `force` ends the jobs that fill or read it;
    a clone that reads it stays, failed.

    Raises NotFound and Forbidden as every change does, PreconditionFailed if `if_match`
    is not the stored revision, Conflict for a protected namespace and, without `force`,
    for one that jobs are at work on.
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
    _require_revision(namespace, if_match)
    gates.require_unprotected(namespace)
    if not force:
        gates.require_unused(actor, namespace)
    try:
        return send(actor, view, if_match=if_match)
    except Conflict:
        # Somebody else may have been faster by the blink of an eye.
        known = running_deletion(
            actor, queries.get_stored(actor, namespace.namespace_id)
        )
        if known is None:
            raise
        return known


def resume_failed(actor: Actor, job: Job) -> None:
    """Let a failed deletion go on; NotFound where nothing of the namespace is left."""
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
    )
    resume(actor, queries.view_of(namespace), job)


def running_deletion(actor: Actor, view: NamespaceView) -> Job | None:
    """Return the job that deletes the namespace, sent again where it had failed."""
    task_id = view.namespace.deletion_task_id
    job = Job.objects.filter(job_id=task_id).first() if task_id else None
    if job is None or job.is_live or job.state == State.DONE:
        return job
    resume(actor, view, job)
    return job


def resume(actor: Actor, view: NamespaceView, job: Job) -> None:
    """Let a failed deletion go on from its last checkpoint, as a new act of `actor`."""
    if not enqueue.resume(job):
        return
    op_id = record.new_op_id()
    _attempt(actor, view, op_id, revision=view.namespace.revision)
    Job.objects.filter(job_id=job.job_id).update(op_id=op_id)
    job.op_id = op_id


def send(actor: Actor, view: NamespaceView, *, if_match: int | None = None) -> Job:
    """Make the job, mark the document as its own, let it run."""
    op_id = record.new_op_id()
    job = _job(actor, view, op_id)
    _attempt(actor, view, op_id, revision=view.namespace.revision + 1)
    try:
        raw = _mark(view.namespace, job, op_id, if_match)
    except Unavailable:
        raise  # the held job finds out whether the mark has landed
    except NsadminError as refused:
        enqueue.withdraw(job)
        record.close(op_id, Outcome.REFUSED, error=refused.message)
        raise
    mirror.mirror_one(raw)
    enqueue.release(job)
    return job


def _mark(namespace: Namespace, job: Job, op_id: str, if_match: int | None) -> Raw:
    """Write into the document that the job deletes it; again while others write."""

    def read() -> Namespace:
        raw = store.get(namespace.namespace_id)
        if raw is None:
            raise queries.namespace_not_found(namespace.namespace_id)
        moved = document.read(raw)
        gates.require_not_deleting(moved)
        gates.require_unprotected(moved)
        if moved.deleted_at != namespace.deleted_at:
            raise queries.namespace_not_found(namespace.namespace_id)
        _require_revision(moved, if_match)
        return moved

    def change(stored: Namespace) -> Raw:
        mark = {"task_id": str(job.job_id), "op_id": op_id}
        return updated_document(stored, op_id, deletion=mark)

    return write_document(read, change, first=namespace, op_id=op_id)


def _require_revision(namespace: Namespace, if_match: int | None) -> None:
    if if_match is not None and if_match != namespace.revision:
        raise PreconditionFailed(
            f"The namespace is at revision {namespace.revision}; you saw another.",
            details={"etag": f"r{namespace.revision}"},
        )


def _job(actor: Actor, view: NamespaceView, op_id: str) -> Job:
    namespace = view.namespace
    return enqueue.enqueue(
        KIND,
        actor=actor,
        title=f"Delete “{namespace.name}”",
        organization_id=view.organization_id,
        internal_id=namespace.internal_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        op_id=op_id,
        stages=stages(),
        delay=_MARKING,
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
        summary=f"Delete “{namespace.name}” and everything in it, for good.",
        actor=actor,
        organization_id=view.organization_id,
        namespace_id=namespace.namespace_id,
        namespace_name=namespace.name,
        revision=revision,
    )
