"""A queue of clones, each with a target of its own, made in a few statements."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.jobs.models import Job
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import collection_key
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection

# What a job has from its beginning; the rest is what became of it.
_GIVEN = (
    *("kind", "organization_id", "internal_id", "source_namespace_id", "title"),
    *("actor_kind", "actor_id", "actor_label", "queue", "max_concurrent"),
)


def fill(first: Job, target: dict[str, Any], count: int) -> list[Job]:
    """Queue more clones like one that was begun with this document of its target."""
    now = timezone.now()
    jobs, documents = list[Job](), list[dict[str, Any]]()
    for number in range(count):
        job_id = uuid4()
        made = _target(first, target, job_id, number)
        documents.append(made)
        given = {name: getattr(first, name) for name in _GIVEN}
        inputs = {**first.inputs, "namespace_id": made["_id"]}
        jobs.append(
            Job(
                **given,
                job_id=job_id,
                namespace_id=made["_id"],
                namespace_name=made["namespace_name"],
                inputs={**inputs, "namespace_name": made["namespace_name"]},
                progress=first.progress,
                created_at=now + timedelta(milliseconds=number),
            )
        )
    collection(store.NAME).insert_many(documents)
    return Job.objects.bulk_create(jobs)


def _target(
    first: Job, target: dict[str, Any], job_id: UUID, number: int
) -> dict[str, Any]:
    key = new_id(job_id, "namespaces", first.source_namespace_id)
    made = {
        **target,
        "_id": key,
        "namespace_id": key,
        "namespace_name": f"{target['namespace_name']} {number}",
        "name_key": f"{target['name_key']} {number}",
        "clone_task_id": str(job_id),
        "infrastructure": {**target["infrastructure"], "qdrant_collection": key},
    }
    return {**made, "collection_key": collection_key(made)}


def empty(internal_id: str) -> None:
    """Take back every clone of a tenant with its target."""
    Job.objects.filter(internal_id=internal_id).delete()
    clones = {"internal_id": internal_id, "clone_task_id": {"$exists": True}}
    collection(store.NAME).delete_many(clones)
    rows = MirroredNamespace.objects.filter(internal_id=internal_id)
    rows.exclude(source_namespace_id="").delete()
