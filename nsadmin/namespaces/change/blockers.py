"""What has to be true before a namespace is deleted, and what stands against it."""

from django.db.models import Q

from nsadmin.access.actor import Actor
from nsadmin.errors import Conflict
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.schema.document import Namespace


def running_jobs(namespace_id: str) -> list[Job]:
    """Return the live jobs that fill or read the namespace, oldest first."""
    of_it = Q(namespace_id=namespace_id) | Q(source_namespace_id=namespace_id)
    return list(Job.objects.filter(of_it, state__in=LIVE).order_by("created_at"))


# What an organization is told of a job that is not its own: that there is one.
COPYING = "The platform is copying this namespace."


def may_know(actor: Actor, namespace: Namespace, job: Job) -> bool:
    """Tell whether the actor may learn the id and name of a job at work on it.

    What the program itself is told may be kept where the namespace's organization
    reads it, so it learns no more than they do.
    """
    if actor.is_staff and actor.kind != "system":
        return True
    owns = namespace.internal_id != "" and job.internal_id == namespace.internal_id
    return owns or job.organization_id == actor.organization_id


def require_unprotected(namespace: Namespace) -> None:
    """Raise Conflict for a namespace that is protected from deletion."""
    if namespace.is_protected:
        raise Conflict(
            f"{namespace.name} is protected from deletion. An admin can lift that in "
            "its settings.",
            code="namespace_protected",
        )


def require_unused(actor: Actor, namespace: Namespace) -> None:
    """Raise Conflict while jobs fill the namespace or read it.

    Those that the actor may know of are named.
    """
    every = running_jobs(namespace.namespace_id)
    if not every:
        return
    jobs = [job for job in every if may_know(actor, namespace, job)]
    if not jobs:
        raise Conflict(COPYING, code="namespace_busy")
    titles = "; ".join(f"{job.title} ({job.job_id})" for job in jobs[:5])
    count = "A job is" if len(jobs) == 1 else f"{len(jobs)} jobs are"
    more = f" {COPYING}" if len(jobs) < len(every) else ""
    raise Conflict(
        f"{count} still at work on this namespace: {titles}.{more}",
        code="namespace_busy",
        details={
            "task_id": str(jobs[0].job_id),
            "task_ids": [str(job.job_id) for job in jobs],
        },
    )


def require_not_deleting(namespace: Namespace) -> None:
    """Raise Conflict, naming the job, for a namespace that is being deleted."""
    if namespace.deletion_task_id is not None:
        raise Conflict(
            f"The namespace is being deleted by job {namespace.deletion_task_id}.",
            code="namespace_busy",
            details={"task_id": namespace.deletion_task_id},
        )
