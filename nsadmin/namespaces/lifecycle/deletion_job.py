"""The job that empties a namespace; its stages may be repeated."""

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import Conflict, NsadminError, Unavailable
from nsadmin.jobs import items
from nsadmin.jobs.execution.cancellation import abort
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import register_kind
from nsadmin.namespaces.change.blockers import running_jobs
from nsadmin.namespaces.lifecycle import collection_removal, moved_collections
from nsadmin.namespaces.lifecycle.clone_target import SOURCE_GONE
from nsadmin.namespaces.lifecycle.deletion_stages import (
    FAILING,
    KIND,
    LEAVE,
    LEFT_BEHIND,
    POINTS,
    RECORD,
    RESOURCES,
    STOP,
)
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind
from nsadmin.stores.qdrant import collections

_BATCH = 1000


def settle(job: Job) -> None:
    """Update mirror and audit when the deletion has ended."""
    if job.state == State.DONE:
        mirror.forget(job.namespace_id)
        record.close(job.op_id, Outcome.DONE)
        items.resolve(FAILING, "namespace", job.namespace_id)
        return
    record.close(job.op_id, Outcome.FAILED, error=job.error)
    items.record(FAILING, "namespace", job.namespace_id, job.error or "It failed.")


@register_kind(
    KIND, task_type="api_namespaces_delete", settle=settle, cancellable=False
)
def run(work: JobContext) -> None:
    """Delete the contents, check that nothing is left, then delete the document."""
    namespace = _marked(work)
    if namespace is None:
        _end(work, RECORD)
        return
    _stop_jobs(work, namespace)
    _delete_points(work, namespace)
    for resource in RESOURCES:
        _delete_resources(work, namespace, resource)
    _require_empty(work, namespace)
    _delete_record(work, namespace)


def _marked(work: JobContext) -> Namespace | None:
    """Return the namespace; None if an earlier run has deleted it.

    Raises Conflict if its document is not marked with this job.
    """
    raw = store.get(work.inputs["namespace_id"])
    if raw is None:
        if not work.cursor.get("seen"):
            raise Conflict("The namespace was gone before its deletion began.")
        return None
    if (raw.get("deletion") or {}).get("task_id") != str(work.job.job_id):
        sentence = "The namespace is not marked for this deletion; nothing was deleted."
        if work.cursor.get("seen"):
            sentence = "Another program removed the deletion mark from the namespace."
        raise Conflict(sentence)
    if not work.cursor.get("seen"):
        work.cursor["seen"] = True
        work.checkpoint()
    return document.read(raw)


def _stop_jobs(work: JobContext, namespace: Namespace) -> None:
    """Stop the jobs that fill or read the namespace.

    A clone that reads it stays, failed and incomplete: it is another namespace, perhaps
    of another organization. Its owner discards it.
    """
    running = [j for j in running_jobs(namespace.namespace_id) if j.kind != KIND]
    recorded: list[str] = work.cursor.get("stopped") or []
    ids = [
        *recorded,
        *(str(j.job_id) for j in running if str(j.job_id) not in recorded),
    ]
    if ids != recorded:
        work.cursor["stopped"] = ids
        work.checkpoint()
    work.progress.begin(STOP, total=len(ids))
    items.each(
        "deletion_stop",
        running,
        lambda job: abort(job, _reason(job, namespace)),
        key=lambda job: str(job.job_id),
        kind="job",
    )
    stopping = Job.objects.filter(job_id__in=ids, settled=False).count()
    work.progress.advance(STOP, done=len(ids) - stopping)
    if stopping:
        raise Unavailable("A job on this namespace has not stopped yet.")
    _end(work, STOP)
    _note_failed_clones(work, namespace, ids)


def _reason(job: Job, namespace: Namespace) -> str:
    """Return the error for the stopped job; a clone itself may report the same."""
    if job.source_namespace_id == namespace.namespace_id:
        return SOURCE_GONE
    return f"The target, {namespace.name}, is being deleted."


def _note_failed_clones(work: JobContext, namespace: Namespace, ids: list[str]) -> None:
    """Note the clones of the same organization that the deletion has failed."""
    failed = Job.objects.filter(
        job_id__in=ids,
        source_namespace_id=namespace.namespace_id,
        organization_id=work.job.organization_id,
        state=State.FAILED,
    )
    for job in failed:
        name = job.namespace_name
        sentence = f"The clone “{name}” has failed and stays until it is discarded."
        _record_once(work, str(job.job_id), sentence, "warn")


def _delete_points(work: JobContext, namespace: Namespace) -> None:
    """Remove the points from Qdrant, or leave them if the job may and must."""
    _delete_old_collections(work, namespace)
    try:
        _remove_points(work, namespace)
    except NsadminError as failure:
        is_other_store = failure.details.get("store") in ("namespace store", "redis")
        if is_other_store or not work.cursor.get(LEAVE):
            raise
        _leave_collection(work, namespace, failure.message)


def _delete_old_collections(work: JobContext, namespace: Namespace) -> None:
    """Drop what moves left on other clusters, or leave it if the job may and must."""
    try:
        moved_collections.drop_all(namespace)
    except NsadminError as failure:
        if not work.cursor.get(LEAVE):
            raise
        sentence = f"What a move left on another cluster stays: {failure.message}"
        _record_once(work, "moved", sentence, "warn")


def _leave_collection(work: JobContext, namespace: Namespace, reason: str) -> None:
    """Name the collection as left behind, in the outputs, the audit and for staff."""
    name, job = namespace.collection, work.job
    cluster = str(namespace.infrastructure.get("qdrant_url") or "the shared cluster")
    sentence = f"The collection {name} on {cluster} is left behind: {reason}"
    work.outputs["left_behind"] = {"collection": name, "cluster": cluster}
    if work.progress.stage(POINTS).state != "done":
        work.progress.begin(POINTS, total=0)
        record.record(
            action="namespace:leave-collection",
            summary=sentence,
            actor=record.RecordedActor(job.actor_kind, job.actor_id, job.actor_label),
            organization_id=job.organization_id,
            namespace_id=namespace.namespace_id,
            namespace_name=namespace.name,
        )
        items.record(LEFT_BEHIND, "namespace", namespace.namespace_id, sentence)
    _end_once(work, POINTS, sentence, "warn")


def _remove_points(work: JobContext, namespace: Namespace) -> None:
    """Remove the points from Qdrant; they are counted once, before the removal."""
    cluster = collection_removal.place_of(namespace)
    if cluster is None:
        _end_once(
            work, POINTS, "The dedicated cluster has no address, so nothing is there."
        )
        return
    if "points" not in work.cursor:
        live = collections.get(cluster, namespace.collection)
        work.cursor["points"] = collection_removal.count(cluster, namespace, live)
        work.checkpoint()
    total = work.cursor["points"]
    work.progress.begin(POINTS, total=total)
    work.raise_if_interrupted()
    sentence = collection_removal.remove(cluster, namespace)
    if not collection_removal.is_gone(cluster, namespace):
        raise Unavailable("Qdrant still shows points of this namespace.")
    work.progress.advance(POINTS, done=total)
    _record_count(work, "points", total)
    _end_once(work, POINTS, sentence)


def _delete_resources(work: JobContext, namespace: Namespace, resource: Kind) -> None:
    """Delete one kind of resource in batches; progress is counted from the rest."""
    namespace_id = namespace.namespace_id
    left = resources.count(resource, namespace_id)
    totals: dict[str, int] = work.cursor.setdefault("totals", {})
    totals[resource] = max(left, totals.get(resource, 0))
    work.checkpoint()
    done = totals[resource] - left
    work.progress.begin(resource, total=totals[resource])
    work.progress.advance(resource, done=done)
    while deleted := _delete_batch(work, resource, namespace_id):
        done += deleted
        work.progress.advance(resource, done=done)
        _record_count(work, resource, done)
        work.cursor["left"] = [resource, done]
        work.checkpoint()
    _record_count(work, resource, totals[resource])
    _end_once(work, resource, f"{totals[resource]:,} {resource} are deleted.")


def _delete_batch(work: JobContext, resource: Kind, namespace_id: str) -> int:
    work.raise_if_interrupted()
    return resources.delete_some(resource, namespace_id, limit=_BATCH)


def _record_count(work: JobContext, noun: str, number: int) -> None:
    work.outputs["deleted"] = {**(work.outputs.get("deleted") or {}), noun: number}


def _require_empty(work: JobContext, namespace: Namespace) -> None:
    """Raise Unavailable if another program has added data: the job then runs again."""
    left = sum(resources.counts(namespace.namespace_id).values())
    cluster = None
    if "left_behind" not in work.outputs:
        cluster = collection_removal.place_of(namespace)
    if left or (cluster and not collection_removal.is_gone(cluster, namespace)):
        raise Unavailable("Another program still writes into this namespace.")


def _delete_record(work: JobContext, namespace: Namespace) -> None:
    """Delete the document by id and revision, then its mirror and locks."""
    work.progress.begin(RECORD, total=1)
    work.raise_if_interrupted()
    if not store.delete(namespace.namespace_id, revision=namespace.revision):
        raise Unavailable("The namespace changed while it was deleted.")
    _end(work, RECORD)


def _end(work: JobContext, key: str) -> None:
    """Finish a stage; with the last one, remove the namespace's mirror and locks."""
    if key == RECORD:
        namespace_id = work.inputs["namespace_id"]
        mirror.forget(namespace_id)
        for lock in ("look", "converge"):
            redis.release(f"{lock}:{namespace_id}")
        work.progress.begin(RECORD, total=1)
        work.progress.advance(RECORD, done=1)
    work.progress.end(key)


def _end_once(work: JobContext, key: str, sentence: str, role: str = "ok") -> None:
    """Finish a stage and note the sentence once, even if the stage is repeated."""
    if work.progress.stage(key).state != "done":
        _end(work, key)
    _record_once(work, key, sentence, role)


def _record_once(work: JobContext, key: str, sentence: str, role: str) -> None:
    recorded: list[str] = work.cursor.setdefault("said", [])
    if key not in recorded:
        recorded.append(key)
        work.record_event(sentence, role)
        work.checkpoint()
