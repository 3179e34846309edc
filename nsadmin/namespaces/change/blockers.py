"""Checks for conditions that prevent a change or the deletion of a namespace."""

from django.db.models import Q

from nsadmin.access.actor import Actor
from nsadmin.errors import Conflict
from nsadmin.jobs.models import LIVE, Job
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.moving import move_of


def running_jobs(namespace_id: str) -> list[Job]:
    """Return the live jobs that fill or read the namespace, oldest first."""
    related = Q(namespace_id=namespace_id) | Q(source_namespace_id=namespace_id)
    return list(Job.objects.filter(related, state__in=LIVE).order_by("created_at"))


# The only message about a job that the actor may not know: no id and no name.
COPYING = "The platform is copying this namespace."


def copying_job(namespace_id: str) -> Job | None:
    """Return a live job that reads the namespace, such as a clone of it."""
    reading = Job.objects.filter(source_namespace_id=namespace_id, state__in=LIVE)
    return reading.order_by("created_at").first()


def related_ids(job: Job) -> set[str]:
    """Return the namespaces that a job names in its row."""
    return {job.namespace_id, job.source_namespace_id} - {""}


def may_know(actor: Actor, namespace: Namespace, job: Job) -> bool:
    """Tell whether the actor may learn the id and name of a job on the namespace.

    Messages to the program itself may be stored where the namespace's organization
    reads them, so the system actor learns no more than that organization.
    """
    if not actor.reaches(*related_ids(job)):
        return False
    owns = namespace.internal_id != "" and job.internal_id == namespace.internal_id
    if actor.kind == "system":
        return owns or job.organization_id == actor.organization_id
    return owns or actor.sees_organization(job.organization_id)


def require_unprotected(namespace: Namespace) -> None:
    """Raise Conflict for a namespace that is protected from deletion."""
    if namespace.is_protected:
        raise Conflict(
            f"{namespace.name} is protected from deletion. An admin can remove that "
            "in its settings.",
            code="namespace_protected",
        )


def require_unused(actor: Actor, namespace: Namespace) -> None:
    """Raise Conflict while jobs fill or read the namespace.

    The error names the jobs that the actor may know of.
    """
    running = running_jobs(namespace.namespace_id)
    if not running:
        require_not_moving(namespace)
        return
    jobs = [job for job in running if may_know(actor, namespace, job)]
    if not jobs:
        raise Conflict(COPYING, code="namespace_busy")
    titles = "; ".join(job.title for job in jobs[:5])
    count = "A job is" if len(jobs) == 1 else f"{len(jobs)} jobs are"
    more = f" {COPYING}" if len(jobs) < len(running) else ""
    raise Conflict(
        f"{count} still running on this namespace: {titles}.{more}",
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
            "The namespace is being deleted; it can no longer be changed.",
            code="namespace_busy",
            details={"task_id": namespace.deletion_task_id},
        )


def require_not_moving(namespace: Namespace, *, for_what: str = "changed") -> None:
    """Raise Conflict, naming the job, for a namespace that changes its cluster.

    `for_what` is what was asked for, as in “it can be changed”.
    """
    move = move_of(namespace)
    if move is not None:
        raise Conflict(
            f"The namespace is being moved to another cluster; it can be {for_what} "
            "once that job has ended.",
            code="namespace_busy",
            details={"task_id": move.task_id},
        )
