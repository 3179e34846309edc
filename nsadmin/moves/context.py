"""The context of a move's slice: the namespace, where its collection is and goes."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from nsadmin.errors import Conflict, NotFound
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.models import Job
from nsadmin.namespaces.placement.clusters import cluster_of, left_at
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.moving import (
    Fallback,
    fallback_of,
    move_of,
    with_infrastructure,
)
from nsadmin.stores.mongo import namespaces as store
from nsadmin.transfer.site import Site

DELETED: Final = "The namespace was deleted while it was moved."


@dataclass(slots=True)
class MoveContext:
    """The data of one slice; all that outlives the slice is in `job.cursor`.

    `source` is where the namespace was when the move began, `target` where it goes.
    `is_flipped` says that the document names the target already; `left` is what an
    earlier move left behind at the target.
    """

    job: JobContext
    namespace: Namespace
    source: Site
    target: Site
    is_flipped: bool
    left: Fallback | None = None

    @property
    def job_id(self) -> str:
        """The id of the job, by which it marks the collection that it makes."""
        return str(self.job.job.job_id)

    @property
    def is_back(self) -> bool:
        """Whether an earlier move left the collection behind to which this one goes."""
        return bool(self.job.inputs["is_back"])

    def save(self, **cursor: Any) -> None:
        """Write a checkpoint with new cursor values, after the stores confirmed a step.

        Raises what `JobContext.checkpoint` raises.
        """
        self.job.cursor.update(cursor)
        self.job.checkpoint()


def load(job: JobContext) -> MoveContext:
    """Read the namespace and build the context of a slice.

    Raises NotFound if the namespace is deleted, Conflict if it is not being moved by
    this job.
    """
    raw = store.get(job.inputs["namespace_id"])
    if raw is None or document.is_deleting(raw):
        raise NotFound(DELETED)
    namespace = document.read(raw)
    if is_flipped(raw, job.job):
        return _flipped(job, namespace)
    move = move_of(namespace)
    if move is None or move.task_id != str(job.job.job_id) or move.is_ending:
        raise Conflict("The namespace is not being moved by this job.")
    wanted = with_infrastructure(namespace, move.infrastructure)
    return MoveContext(
        job=job,
        namespace=namespace,
        source=site_of(namespace),
        target=site_of(wanted),
        is_flipped=False,
        left=left_at(namespace, wanted),
    )


def _flipped(job: JobContext, namespace: Namespace) -> MoveContext:
    left = fallback_of(namespace)
    if left is None or left.task_id != str(job.job.job_id):
        raise Conflict("The namespace was moved again before this move had ended.")
    before = with_infrastructure(namespace, left.infrastructure)
    return MoveContext(
        job=job,
        namespace=namespace,
        source=site_of(before),
        target=site_of(namespace),
        is_flipped=True,
    )


def site_of(namespace: Namespace) -> Site:
    """Return where the namespace's collection is, with the key of its cluster."""
    return Site(cluster_of(namespace), namespace.collection)


def flip_operation(job: Job) -> str:
    """Return the id of the operation by which a job's flip is listed in `changes`."""
    return f"op_{uuid5(UUID(str(job.job_id)), 'flip').hex}"


def is_flipped(raw: Raw, job: Job) -> bool:
    """Tell whether the document names the cluster to which the job moves it."""
    return document.has_operation(raw, flip_operation(job))
