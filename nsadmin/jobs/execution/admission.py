"""The order in which queued jobs get the slots of their organizations.

The organization with the fewest running jobs is first, and each gets one slot after the
other. Within an organization, jobs that have started are first, then the oldest.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice, zip_longest
from uuid import UUID

from django.db.models import Count, F, Q

from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import slot_count

# Jobs that are tried beyond the free slots: some may not take those that are free.
_MORE = 10


def due(now: datetime, *, at_most: int) -> Iterator[UUID]:
    """Return the ids of queued jobs without a slot, in the order of their turn."""
    rows = Job.objects.filter(Q(slot__isnull=False) | _due(now)).values(
        "organization_id"
    )
    counted = rows.annotate(
        holding=Count("slot"), waiting=Count("pk", filter=_due(now))
    ).filter(waiting__gt=0)
    ordered = counted.order_by("holding", "organization_id")
    queues = [
        _next_jobs(row["organization_id"], now, holding=row["holding"])
        for row in ordered[:at_most]
    ]
    rounds = (job_id for turn in zip_longest(*queues) for job_id in turn if job_id)
    return islice(rounds, at_most)


def _due(now: datetime) -> Q:
    return Q(state=State.QUEUED, slot=None, run_after__lte=now)


def _next_jobs(organization_id: str, now: datetime, *, holding: int) -> list[UUID]:
    """Return the next jobs of an organization, the first of which get its free slots.

    With no slot free it is one job, which then says why it waits.
    """
    free = slot_count(organization_id) - holding
    jobs = Job.objects.filter(_due(now), organization_id=organization_id)
    ordered = jobs.order_by(F("started_at").asc(nulls_last=True), "created_at")
    at_most = free + _MORE if free > 0 else 1
    return list(ordered.values_list("job_id", flat=True)[:at_most])
