"""The place of waiting jobs in the queue of their organization.

A place tells of the job's own organization alone. Its order is that in which its jobs
get slots: those that have started are first, then the oldest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Window
from django.db.models.expressions import BaseExpression
from django.db.models.functions import RowNumber

from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import slot_count


@dataclass(frozen=True, slots=True)
class Place:
    """Which of `waiting` jobs this one is, from 1; `running` of `slots` jobs run."""

    position: int
    waiting: int
    running: int
    slots: int


def of(jobs: Iterable[Job]) -> dict[UUID, Place]:
    """Return the places of those jobs that wait for a slot, in two queries.

    To these comes what the registered function needs for each organization's slots.
    """
    waiting = [j for j in jobs if j.state == State.QUEUED and j.slot is None]
    if not waiting:
        return {}
    organization_ids = {job.organization_id for job in waiting}
    holders = Job.objects.filter(
        organization_id__in=organization_ids, slot__isnull=False
    ).order_by()
    counted = holders.values_list("organization_id").annotate(Count("pk"))
    running = dict(counted)
    slots = {key: slot_count(key) for key in organization_ids}
    return {
        job_id: Place(position, total, running.get(owner, 0), slots[owner])
        for job_id, owner, position, total in _positions(waiting, organization_ids)
    }


def of_one(job: Job) -> Place | None:
    """Return the place of a job; None unless it waits for a slot."""
    return of([job]).get(job.job_id)


def _positions(
    waiting: list[Job], organization_ids: set[str]
) -> Iterable[tuple[UUID, str, int, int]]:
    rows = Job.objects.filter(
        organization_id__in=organization_ids, state=State.QUEUED, slot=None
    )
    order: list[BaseExpression | F | str] = [
        F("started_at").asc(nulls_last=True),
        "created_at",
        "job_id",
    ]
    numbered = rows.annotate(
        position=Window(RowNumber(), partition_by=F("organization_id"), order_by=order),
        total=Window(Count("pk"), partition_by=F("organization_id")),
    )
    chosen = numbered.filter(job_id__in=[job.job_id for job in waiting])
    return chosen.order_by().values_list(
        "job_id", "organization_id", "position", "total"
    )
