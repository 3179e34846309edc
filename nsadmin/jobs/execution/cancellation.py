"""Ending a job before its end: because somebody cancelled it, or for our own reason."""

from functools import partial

from django.db import transaction
from django.utils import timezone

from nsadmin.jobs.execution import dispatch, event_log
from nsadmin.jobs.models import LIVE, Job, State


def stop(job: Job, sentence: str) -> None:
    """Let a job fail with the sentence as soon as its runner can stop.

    One that has ended stays as it is; asking twice does no harm.
    """
    now = timezone.now()
    mine = Job.objects.filter(job_id=job.job_id)
    asked = {"cancel_requested": True, "error": sentence[:2000]}
    # Two doors, tried twice: a slice may end between the first and the second.
    for _ in range(2):
        ended = {"state": State.FAILED, "ended_at": now, "run_after": now}
        if mine.filter(state=State.QUEUED).update(**asked, **ended):
            event_log.record_event(job.job_id, sentence, "bad")
            job.refresh_from_db()
            transaction.on_commit(partial(dispatch.send, job), robust=True)
            return
        if mine.filter(state=State.RUNNING).update(**asked):
            return


def cancel(job: Job) -> bool:
    """End a job as soon as its runner can stop; tell whether this was the first to ask.

    One that has ended stays as it is. `job` is as it is then.
    """
    now = timezone.now()
    mine = Job.objects.filter(job_id=job.job_id)
    # One of those who ask at once is first. A slice that ends meanwhile gives the job
    # back with the word to stop, and the next one heeds it.
    is_first = bool(
        mine.filter(state__in=LIVE, cancel_requested=False).update(
            cancel_requested=True
        )
    )
    ended = {"state": State.CANCELLED, "ended_at": now, "run_after": now}
    if mine.filter(state=State.QUEUED).update(**ended):
        event_log.record_event(job.job_id, "Cancelled before it went on.", "warn")
        job.refresh_from_db()
        transaction.on_commit(partial(dispatch.send, job), robust=True)
    elif is_first:
        event_log.record_event(job.job_id, "Asked to cancel.", "warn")
    job.refresh_from_db()
    return is_first
