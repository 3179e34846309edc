"""Stopping a job early: a person cancels it, or the program aborts it."""

from functools import partial

from django.db import transaction
from django.utils import timezone

from nsadmin.jobs.execution import dispatch, event_log
from nsadmin.jobs.execution.commitment import COMMITTED
from nsadmin.jobs.models import LIVE, MAX_ERROR_LENGTH, Job, State


def abort(job: Job, reason: str) -> None:
    """Make a job fail with this reason as soon as its runner can stop.

    A job that has ended stays unchanged; repeating the call has no effect.
    """
    now = timezone.now()
    row = Job.objects.filter(job_id=job.job_id)
    request = {"cancel_requested": True, "error": reason[:MAX_ERROR_LENGTH]}
    # Tried twice, because a slice may end between the two updates.
    for _ in range(2):
        ended = {
            "state": State.FAILED,
            "ended_at": now,
            "run_after": now,
            "slot": None,
            "waiting": "",
        }
        if row.filter(state=State.QUEUED).update(**request, **ended):
            event_log.record_event(job.job_id, reason, "bad")
            job.refresh_from_db()
            transaction.on_commit(partial(dispatch.send, job), robust=True)
            return
        if row.filter(state=State.RUNNING).update(**request):
            return


def cancel(job: Job, *, by: str = "") -> bool:
    """Cancel a job as soon as its runner can stop, and refresh `job`.

    `by` is the label of the person who cancels; empty for the program. Returns True for
    the first request; False for a repeated one, and for a job that has ended or is
    committed, which stays unchanged.
    """
    now, whose = timezone.now(), f" by {by}" if by else ""
    row = Job.objects.filter(job_id=job.job_id).exclude(cursor__has_key=COMMITTED)
    # Of concurrent calls one matches the row. If a slice ends meanwhile, the job is
    # queued with `cancel_requested` set, and the next slice stops at once.
    is_first = bool(
        row.filter(state__in=LIVE, cancel_requested=False).update(
            cancel_requested=True, cancelled_by=by
        )
    )
    ended = {
        "state": State.CANCELLED,
        "ended_at": now,
        "run_after": now,
        "slot": None,
        "waiting": "",
    }
    if row.filter(state=State.QUEUED).update(**ended):
        event_log.record_event(job.job_id, f"Cancelled{whose} while queued.")
        job.refresh_from_db()
        transaction.on_commit(partial(dispatch.send, job), robust=True)
    elif is_first:
        event_log.record_event(job.job_id, f"Cancellation requested{whose}.")
    job.refresh_from_db()
    return is_first
