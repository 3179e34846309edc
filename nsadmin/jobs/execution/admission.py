"""The order in which queued jobs get the slots of their organizations.

The organization with the fewest running jobs is first, and each gets one slot after the
other. Within an organization, jobs that have started are first, then the oldest. Jobs
of an organization without a free slot are left out, however many there are. So are jobs
of a namespace whose own limit is below each free slot.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice, zip_longest
from uuid import UUID

from django.db.models import Count, F, Q

from nsadmin.jobs.execution.slots import WAITS_FOR_SLOT, lowest_free
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import slot_counts

# Jobs that are tried beyond the free slots: some may not take those that are free.
_MORE = 10
# Organizations whose numbers of slots are read at once.
_AT_ONCE = 200


def due(now: datetime, *, at_most: int) -> Iterator[UUID]:
    """Return the ids of queued jobs that may get a slot, in the order of their turn."""
    free = islice(_with_free_slots(now), at_most)
    queues = [_next_jobs(key, now, at_most=count + _MORE) for key, count in free]
    rounds = (job_id for turn in zip_longest(*queues) for job_id in turn if job_id)
    return islice(chain(rounds, _outdated(now, at_most=at_most)), at_most)


def _due(now: datetime) -> Q:
    return Q(state=State.QUEUED, slot=None, run_after__lte=now)


def _outdated(now: datetime, *, at_most: int) -> Iterator[UUID]:
    """Yield due jobs that name an earlier reason to wait, so that they say the new."""
    rows = Job.objects.filter(_due(now)).exclude(waiting="")
    others = rows.exclude(waiting__startswith=WAITS_FOR_SLOT)
    yield from others.values_list("job_id", flat=True).order_by()[:at_most]


def _with_free_slots(now: datetime) -> Iterator[tuple[str, int]]:
    """Yield organizations with waiting jobs and free slots, fewest running first."""
    rows = Job.objects.filter(_due(now)).order_by()
    waiting = set(rows.values_list("organization_id", flat=True).distinct())
    holders = Job.objects.filter(slot__isnull=False).order_by()
    holding = dict(holders.values_list("organization_id").annotate(Count("pk")))
    ordered = sorted(waiting, key=lambda key: (holding.get(key, 0), key))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        slots = slot_counts(some)
        for key in some:
            if (free := slots[key] - holding.get(key, 0)) > 0:
                yield key, free


def _next_jobs(organization_id: str, now: datetime, *, at_most: int) -> list[UUID]:
    """Return the next jobs of an organization; the first get its free slots."""
    too_low = (1, lowest_free(organization_id) - 1)
    jobs = Job.objects.filter(_due(now), organization_id=organization_id)
    jobs = jobs.exclude(max_concurrent__range=too_low)
    ordered = jobs.order_by(F("started_at").asc(nulls_last=True), "created_at")
    return list(ordered.values_list("job_id", flat=True)[:at_most])
