"""The job that empties a namespace: every step bears repetition, its record is last."""

from nsadmin.audit import record
from nsadmin.audit.models import Outcome
from nsadmin.errors import Conflict, Unavailable
from nsadmin.jobs.execution.cancellation import abort
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import register_kind
from nsadmin.namespaces.change.blockers import running_jobs
from nsadmin.namespaces.lifecycle import collection_removal
from nsadmin.namespaces.lifecycle.clone_target import SOURCE_GONE
from nsadmin.namespaces.lifecycle.deletion_stages import (
    KIND,
    POINTS,
    RECORD,
    RESOURCES,
    STOP,
)
from nsadmin.namespaces.read import mirror
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.mongo.resources import Kind
from nsadmin.stores.qdrant import collections

_BATCH = 1000


def settle(job: Job) -> None:
    """Tell mirror and audit how the deletion ended."""
    if job.state == State.DONE:
        mirror.forget(job.namespace_id)
        record.close(job.op_id, Outcome.DONE)
        return
    record.close(job.op_id, Outcome.FAILED, error=job.error)


@register_kind(
    KIND, task_type="api_namespaces_delete", settle=settle, cancellable=False
)
def run(work: JobContext) -> None:
    """Delete what is in it, see that nothing is left, then delete its document."""
    namespace = _marked(work)
    if namespace is None:
        _end(work, RECORD)
        return
    _stop_jobs(work, namespace)
    _delete_points(work, namespace)
    for resource in RESOURCES:
        _delete_resources(work, namespace, resource)
    _require_empty(namespace)
    _delete_record(work, namespace)


def _marked(work: JobContext) -> Namespace | None:
    """Return the namespace if it is marked as this job's to delete; None if gone."""
    raw = store.get(work.inputs["namespace_id"])
    if raw is None:
        if not work.cursor.get("seen"):
            raise Conflict("The namespace was gone before its deletion began.")
        return None
    if (raw.get("deletion") or {}).get("task_id") != str(work.job.job_id):
        sentence = "The namespace is not marked for this deletion; nothing was deleted."
        if work.cursor.get("seen"):
            sentence = (
                "Another program took the mark of the deletion off the namespace."
            )
        raise Conflict(sentence)
    if not work.cursor.get("seen"):
        work.cursor["seen"] = True
        work.checkpoint()
    return document.read(raw)


def _stop_jobs(work: JobContext, namespace: Namespace) -> None:
    """End the jobs that fill or read it.

    A clone that reads it stays as it came so far, failed: it is another namespace, and
    may be another organization's. Its owner discards it.
    """
    mine = [j for j in running_jobs(namespace.namespace_id) if j.kind != KIND]
    known: list[str] = work.cursor.get("stopped") or []
    ids = [*known, *(str(j.job_id) for j in mine if str(j.job_id) not in known)]
    if ids != known:
        work.cursor["stopped"] = ids
        work.checkpoint()
    work.progress.begin(STOP, total=len(ids))
    for job in mine:
        abort(job, _reason(job, namespace))
    stopping = Job.objects.filter(job_id__in=ids, settled=False).count()
    work.progress.advance(STOP, done=len(ids) - stopping)
    if stopping:
        raise Unavailable("A job at work on this namespace has not stopped yet.")
    _end(work, STOP)
    _tell_of_clones(work, namespace, ids)


def _reason(job: Job, namespace: Namespace) -> str:
    """Say why the job ends; a clone that notices by itself says the same."""
    if job.source_namespace_id == namespace.namespace_id:
        return SOURCE_GONE
    return f"The target, {namespace.name}, is being deleted."


def _tell_of_clones(work: JobContext, namespace: Namespace, ids: list[str]) -> None:
    """Name the clones that failed by it, but for those of other organizations."""
    failed = Job.objects.filter(
        job_id__in=ids,
        source_namespace_id=namespace.namespace_id,
        organization_id=work.job.organization_id,
        state=State.FAILED,
    )
    for job in failed:
        name = job.namespace_name
        sentence = f"The clone “{name}” has failed and stays until it is discarded."
        _say_once(work, str(job.job_id), sentence, "warn")


def _delete_points(work: JobContext, namespace: Namespace) -> None:
    """Remove what Qdrant has; the count is taken once, before anything goes."""
    cluster = collection_removal.place_of(namespace)
    if cluster is None:
        _once(work, POINTS, "The dedicated cluster has no address: nothing is there.")
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
    _count(work, "points", total)
    _once(work, POINTS, sentence)


def _delete_resources(work: JobContext, namespace: Namespace, resource: Kind) -> None:
    """Delete a kind of resource in batches; what is left tells how far it came."""
    namespace_id = namespace.namespace_id
    left = resources.count(resource, namespace_id)
    totals: dict[str, int] = work.cursor.setdefault("totals", {})
    totals[resource] = max(left, totals.get(resource, 0))
    work.checkpoint()
    done = totals[resource] - left
    work.progress.begin(resource, total=totals[resource])
    work.progress.advance(resource, done=done)
    while gone := _delete_batch(work, resource, namespace_id):
        done += gone
        work.progress.advance(resource, done=done)
        _count(work, resource, done)
        work.cursor["left"] = [resource, done]
        work.checkpoint()
    _count(work, resource, totals[resource])
    _once(work, resource, f"{totals[resource]:,} {resource} are deleted.")


def _delete_batch(work: JobContext, resource: Kind, namespace_id: str) -> int:
    work.raise_if_interrupted()
    return resources.delete_some(resource, namespace_id, limit=_BATCH)


def _count(work: JobContext, what: str, number: int) -> None:
    work.outputs["deleted"] = {**(work.outputs.get("deleted") or {}), what: number}


def _require_empty(namespace: Namespace) -> None:
    """A late writer may have put something back; then the deletion begins again."""
    cluster = collection_removal.place_of(namespace)
    left = sum(resources.counts(namespace.namespace_id).values())
    if left or (cluster and not collection_removal.is_gone(cluster, namespace)):
        raise Unavailable("Another program still writes into this namespace.")


def _delete_record(work: JobContext, namespace: Namespace) -> None:
    """Delete the document by id and revision, then every trace that pages show."""
    work.progress.begin(RECORD, total=1)
    work.raise_if_interrupted()
    if not store.delete(namespace.namespace_id, revision=namespace.revision):
        raise Unavailable("The namespace changed while it was deleted.")
    _end(work, RECORD)


def _end(work: JobContext, key: str) -> None:
    """Finish a stage; with the last one nothing may remember the namespace."""
    if key == RECORD:
        namespace_id = work.inputs["namespace_id"]
        mirror.forget(namespace_id)
        for lock in ("look", "converge"):
            redis.release(f"{lock}:{namespace_id}")
        work.progress.begin(RECORD, total=1)
        work.progress.advance(RECORD, done=1)
    work.progress.end(key)


def _once(work: JobContext, key: str, sentence: str) -> None:
    """Finish a stage and say so a single time, however often it is repeated."""
    if work.progress.stage(key).state != "done":
        _end(work, key)
    _say_once(work, key, sentence, "ok")


def _say_once(work: JobContext, key: str, sentence: str, role: str) -> None:
    said: list[str] = work.cursor.setdefault("said", [])
    if key not in said:
        said.append(key)
        work.record_event(sentence, role)
        work.checkpoint()
