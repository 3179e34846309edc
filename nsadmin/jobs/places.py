"""The place of waiting jobs in the queue of their organization.

A place tells of the job's own organization alone. Its order is that in which its jobs
get slots: those that have started are first, then the oldest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F

from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import slot_counts


@dataclass(frozen=True, slots=True)
class Place:
    """Which of `waiting` jobs this one is, from 1; `running` of `slots` jobs run."""

    position: int
    waiting: int
    running: int
    slots: int


def of(jobs: Iterable[Job]) -> dict[UUID, Place]:
    """Return the places of those jobs that wait for a slot, in three queries."""
    waiting = [j for j in jobs if j.state == State.QUEUED and j.slot is None]
    if not waiting:
        return {}
    organization_ids = {job.organization_id for job in waiting}
    holders = Job.objects.filter(
        organization_id__in=organization_ids, slot__isnull=False
    ).order_by()
    counted = holders.values_list("organization_id").annotate(Count("pk"))
    running = dict(counted)
    slots = slot_counts(organization_ids)
    queues = _queues(organization_ids)
    return {
        job.job_id: Place(
            position=queues[job.organization_id].index(job.job_id) + 1,
            waiting=len(queues[job.organization_id]),
            running=running.get(job.organization_id, 0),
            slots=slots[job.organization_id],
        )
        for job in waiting
        # It may have got its slot since the row was read.
        if job.job_id in queues[job.organization_id]
    }


def of_one(job: Job) -> Place | None:
    """Return the place of a job; None unless it waits for a slot."""
    return of([job]).get(job.job_id)


def counts(organization_id: str) -> tuple[int, int]:
    """Return how many jobs of an organization run, and how many wait for a slot."""
    own = Job.objects.filter(organization_id=organization_id)
    running = own.filter(slot__isnull=False).count()
    return running, own.filter(state=State.QUEUED, slot=None).count()


def _queues(organization_ids: set[str]) -> dict[str, list[UUID]]:
    """Return the ids of the waiting jobs of each organization, in their order.

    There are no more than the ceiling of each organization.
    """
    rows = Job.objects.filter(
        organization_id__in=organization_ids, state=State.QUEUED, slot=None
    )
    started_first = F("started_at").asc(nulls_last=True)
    ordered = rows.order_by(started_first, "created_at", "job_id")
    queues: dict[str, list[UUID]] = {key: [] for key in organization_ids}
    for organization_id, job_id in ordered.values_list("organization_id", "job_id"):
        queues[organization_id].append(job_id)
    return queues
