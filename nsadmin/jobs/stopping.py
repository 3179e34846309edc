"""Ending a job for a reason of the program's own, not because somebody cancelled it."""

from functools import partial

from django.db import transaction
from django.utils import timezone

from nsadmin.jobs import log, message
from nsadmin.jobs.models import Job, State


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
            log.note(job.job_id, sentence, "bad")
            job.refresh_from_db()
            transaction.on_commit(partial(message.send, job), robust=True)
            return
        if mine.filter(state=State.RUNNING).update(**asked):
            return
