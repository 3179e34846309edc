"""Slots: the number of jobs of one organization that run at the same time.

A job holds a slot from its first message until it ends or waits for a store. The slots
of an organization are numbered from 1, and a unique constraint lets one job have each.
The jobs of a suspended organization get none.
"""

from datetime import timedelta
from itertools import count

from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.jobs.execution.commitment import is_committed, must_stop
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import is_paused, slot_count

WAITS_FOR_SLOT = "Waits for a free slot"
PAUSED = "Waits: the organization is suspended."
# A job of a suspended organization is looked at again after this long.
_PAUSE = timedelta(seconds=30)


def take(job: Job) -> bool:
    """Give a queued job a slot, unless it has one; return whether it has one now.

    A job for which there is none says so in `waiting`. One of a suspended organization
    loses its slot and waits, unless its next step cannot be undone or it has to stop.
    """
    if _is_paused(job):
        _pause(job)
        return False
    if job.slot is not None:
        return True
    all_slots = slot_count(job.organization_id)
    allowed = min(all_slots, job.max_concurrent or all_slots)
    taken = _taken(job.organization_id)
    # The highest first: the low ones are left to jobs that may have only those.
    for number in range(allowed, 0, -1):
        if number not in taken and _take_number(job, number):
            return True
    _record_waiting(job, allowed, all_slots)
    return False


def _is_paused(job: Job) -> bool:
    if not is_paused(job.organization_id):
        return False
    # A row with an odd cursor is ended by its runner, after the suspension.
    is_odd = not isinstance(job.cursor, dict)
    return is_odd or not (is_committed(job.cursor) or must_stop(job))


def _pause(job: Job) -> None:
    # An outage of a store from before must not count once the job goes on.
    values: dict[str, object] = {
        "waiting": PAUSED,
        "slot": None,
        "run_after": timezone.now() + _PAUSE,
        "waits": 0,
        "away_since": None,
    }
    row = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=State.QUEUED)
    if row.update(**values):
        for key, value in values.items():
            setattr(job, key, value)


def waits_for_slot(job: Job) -> bool:
    """Return whether the job waits because all its slots are taken."""
    return job.waiting.startswith(WAITS_FOR_SLOT)


def lowest_free(organization_id: str) -> int:
    """Return the lowest number of a slot that no job of an organization holds."""
    taken = _taken(organization_id)
    return next(number for number in count(1) if number not in taken)


def _taken(organization_id: str) -> set[int | None]:
    holders = Job.objects.filter(organization_id=organization_id, slot__isnull=False)
    return set(holders.values_list("slot", flat=True))


def _take_number(job: Job, number: int) -> bool:
    """Take one slot; False if another job was faster, or this one has just ended."""
    values: dict[str, object] = {"slot": number}
    if waits_for_slot(job) or job.waiting == PAUSED:
        values["waiting"] = ""
    row = Job.objects.filter(job_id=job.job_id, state=State.QUEUED, slot=None)
    try:
        with transaction.atomic():
            is_taken = row.update(**values)
    except IntegrityError:
        return False
    if is_taken:
        for key, value in values.items():
            setattr(job, key, value)
    return bool(is_taken)


def _record_waiting(job: Job, allowed: int, all_slots: int) -> None:
    if allowed < all_slots:
        reason = f"the namespace lets {allowed} of {all_slots} run at a time."
    else:
        running = len(_taken(job.organization_id))
        reason = f"{running} of {all_slots} jobs of your organization run."
    message = f"{WAITS_FOR_SLOT}: {reason}"
    row = Job.objects.filter(job_id=job.job_id, state=State.QUEUED, slot=None)
    if job.waiting != message and row.update(waiting=message):
        job.waiting = message
