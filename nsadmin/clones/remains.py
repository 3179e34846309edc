"""What a clone left whose job failed or was cancelled: a part of it, or nothing."""

from nsadmin.clones.stages import KIND
from nsadmin.jobs.controls import can_resume
from nsadmin.jobs.models import Job
from nsadmin.namespaces.models import MirroredNamespace


def is_incomplete(job: Job) -> bool:
    """Return whether the clone ended early and its namespace still exists.

    Only such a clone can be resumed or discarded.
    """
    return _ended_early(job) and _target_exists(job)


def is_discarded(job: Job) -> bool:
    """Return whether the clone ended early and its namespace was deleted."""
    return _ended_early(job) and not _target_exists(job)


def _ended_early(job: Job) -> bool:
    return job.kind == KIND and can_resume(job)


def _target_exists(job: Job) -> bool:
    """Return whether the namespace exists and was made by this job."""
    rows = MirroredNamespace.objects.filter(namespace_id=job.namespace_id)
    return rows.filter(clone_task_id=str(job.job_id)).exists()
