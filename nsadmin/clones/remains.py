"""What a clone left whose job failed or was cancelled: a part of it, or nothing."""

from nsadmin.clones.stages import KIND
from nsadmin.errors import NsadminError
from nsadmin.jobs.controls import can_resume
from nsadmin.jobs.models import Job
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.schema import document
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from nsadmin.stores.qdrant import points


def is_incomplete(job: Job) -> bool:
    """Return whether the clone ended early and its namespace still exists.

    Only such a clone can be resumed or discarded.
    """
    return _ended_early(job) and _target_exists(job)


def is_discarded(job: Job) -> bool:
    """Return whether the clone ended early and its namespace was deleted."""
    return _ended_early(job) and not _target_exists(job)


def counts(job: Job) -> dict[str, int | None]:
    """Count what discarding the clone deletes; None for what is not known now."""
    kinds: list[str] = [*resources.KINDS, "points"]
    unknown: dict[str, int | None] = dict.fromkeys(kinds)
    try:
        raw = store.get(job.namespace_id)
        counted = resources.counts(job.namespace_id, within_s=1)
    except NsadminError:
        return unknown
    found = unknown | {str(kind): number for kind, number in counted.items()}
    if raw is None:
        return found
    target = document.read(raw)
    try:
        found["points"] = points.count(cluster_of(target), target.collection)
    except NsadminError:
        found["points"] = None
    return found


def _ended_early(job: Job) -> bool:
    return job.kind == KIND and can_resume(job)


def _target_exists(job: Job) -> bool:
    """Return whether the namespace exists and was made by this job."""
    rows = MirroredNamespace.objects.filter(namespace_id=job.namespace_id)
    return rows.filter(clone_task_id=str(job.job_id)).exists()
