"""What has to be true before a namespace is deleted, and what stands against it."""

from django.db.models import Q

from nsadmin.errors import Conflict
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.document import Namespace


def running_jobs(namespace_id: str) -> list[Job]:
    """Return the live jobs that fill or read the namespace, oldest first."""
    of_it = Q(namespace_id=namespace_id) | Q(source_namespace_id=namespace_id)
    return list(Job.objects.filter(of_it, state__in=LIVE).order_by("created_at"))


def require_unprotected(namespace: Namespace) -> None:
    """Raise Conflict for a namespace that is protected from deletion."""
    if namespace.is_protected:
        raise Conflict(
            f"{namespace.name} is protected from deletion. An admin can lift that in "
            "its settings.",
            code="namespace_protected",
        )


def require_unused(namespace: Namespace) -> None:
    """Raise Conflict, naming them, while jobs fill the namespace or read it."""
    jobs = running_jobs(namespace.namespace_id)
    if not jobs:
        return
    titles = "; ".join(f"{job.title} ({job.job_id})" for job in jobs[:5])
    count = "A job is" if len(jobs) == 1 else f"{len(jobs)} jobs are"
    raise Conflict(
        f"{count} still at work on this namespace: {titles}.",
        code="namespace_busy",
        details={
            "task_id": str(jobs[0].job_id),
            "task_ids": [str(job.job_id) for job in jobs],
        },
    )


def require_staying(namespace: Namespace) -> None:
    """Raise Conflict, naming the job, for a namespace that is being deleted."""
    if namespace.deletion_task_id is not None:
        raise Conflict(
            f"The namespace is being deleted by job {namespace.deletion_task_id}.",
            code="namespace_busy",
            details={"task_id": namespace.deletion_task_id},
        )
