"""A clone as the API answers about it."""

from dataclasses import dataclass

from nsadmin.access.actor import SYSTEM
from nsadmin.clones.request import NO_RESOURCES
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.errors import NotFound
from nsadmin.jobs.models import Job
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.stores.mongo import resources


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


def of_task(task_id: str) -> CloneState:
    """Return the state of the clone of a job; raise NotFound without it."""
    job = Job.objects.filter(job_id=task_id).first()
    if job is None:
        raise NotFound("There is no such clone.", details={"resource": "task"})
    return state_of(job)


def _primary_retriever(job: Job) -> str | None:
    """Return the new id of the source's only retriever; None if it has several."""
    if not job.inputs["include_resources"]["retrievers"]:
        return None
    retrievers = resources.page("retrievers", job.source_namespace_id, limit=2)
    if len(retrievers) != 1:
        return None
    return new_id(job.job_id, "retrievers", retrievers[0]["retriever_id"])
