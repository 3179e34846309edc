"""The impact of deleting a namespace: counts, running jobs, clones, sharing."""

from dataclasses import dataclass

from nsadmin.access.actor import Actor
from nsadmin.errors import NsadminError
from nsadmin.jobs.models import Job
from nsadmin.jobs.queries import visible as visible_jobs
from nsadmin.namespaces.change.blockers import running_jobs
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.mirrored import clones_of
from nsadmin.namespaces.placement.sharers import sharers
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.counts import Counts
from nsadmin.namespaces.read.queries import NamespaceView


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of a deletion; counts and `sharing` are None if unknown.

    `jobs` and `clones` are those that the actor may know of. `other_jobs` counts the
    live jobs of others, `sharing` other namespaces that use the same collection.
    """

    counts: Counts
    jobs: list[Job]
    other_jobs: int
    clones: list[MirroredNamespace]
    sharing: int | None

    def blocks(self, view: NamespaceView) -> bool:
        """Tell whether the namespace cannot be deleted now."""
        namespace = view.namespace
        is_busy = bool(self.jobs or self.other_jobs)
        return is_busy or namespace.is_protected or bool(namespace.deletion_task_id)


def impact_of(actor: Actor, view: NamespaceView) -> Impact:
    """Look up the impact of a deletion; nothing is written."""
    namespace_id = view.namespace.namespace_id
    running = running_jobs(namespace_id)
    known = visible_jobs(actor).filter(job_id__in=[job.job_id for job in running])
    clones = queries.visible(actor) & clones_of([namespace_id])
    jobs, copies = list(known), list(clones.order_by("name_key"))
    owners = {job.internal_id for job in jobs} | {copy.internal_id for copy in copies}
    for internal_id in owners:
        actor.sees(internal_id)  # their names are shown
    return Impact(
        counts=view.counts,
        jobs=jobs,
        other_jobs=len(running) - len(jobs),
        clones=copies,
        sharing=_sharing(view),
    )


def _sharing(view: NamespaceView) -> int | None:
    try:
        return len(sharers(view.namespace))
    except NsadminError:
        return None
