"""The API's answer about a clone."""

from typing import Any

from nsadmin.access.actor import SYSTEM
from nsadmin.clones.request import NO_RESOURCES
from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.errors import NotFound
from nsadmin.jobs.models import Job
from nsadmin.namespaces.read import queries, rows
from nsadmin.stores.mongo import resources

Json = dict[str, Any]


def clone_response(job: Job) -> Json:
    """Return the API's CloneNamespaceResponse for a clone's job."""
    view = queries.get_stored(SYSTEM, job.namespace_id)
    if view.namespace.clone_task_id != str(job.job_id):
        raise NotFound("There is no such clone.", details={"resource": "task"})
    return {
        "namespace": rows.namespace_response(view.namespace, view.counts),
        "source_namespace_id": job.source_namespace_id,
        "status": view.namespace.clone_status,
        "task_id": str(job.job_id),
        "cloned_resources": job.outputs.get("cloned_resources") or dict(NO_RESOURCES),
        "primary_retriever_id": _primary_retriever(job),
    }


def _primary_retriever(job: Job) -> str | None:
    """Return the new id of the source's only retriever; None if it has several."""
    if not job.inputs["include_resources"]["retrievers"]:
        return None
    retrievers = resources.page("retrievers", job.source_namespace_id, limit=2)
    if len(retrievers) != 1:
        return None
    return new_id(job.job_id, "retrievers", retrievers[0]["retriever_id"])
