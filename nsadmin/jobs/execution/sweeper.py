"""The sweep: what the broker lost, a dead worker held or nobody told is taken up."""

from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q
from django.utils import timezone

from nsadmin.jobs.execution import dispatch, event_log
from nsadmin.jobs.execution.outcomes import MAX_ATTEMPTS, TOO_OFTEN
from nsadmin.jobs.models import FINAL, Job, State

logger = structlog.get_logger(__name__)

# How long a message may be on its way before another one is sent.
RESEND_AFTER = timedelta(seconds=5)
_MOST = 100


def sweep() -> int:
    """Take up everything that is due; return how many messages were sent."""
    now = timezone.now()
    for job in Job.objects.filter(state=State.RUNNING, lease_until__lt=now)[:_MOST]:
        _take_from_the_dead(job, now)
    sent = 0
    for job in _due(now):
        if not dispatch.send(job):
            break  # the broker is away; so will it be for the others
        sent += 1
    return sent


def _due(now: datetime) -> list[Job]:
    """Jobs nobody has a message of, or whose end nobody was told."""
    silent = now - RESEND_AFTER
    # A lease that just ran out or a wait that just ended is newer than any message.
    waiting = Q(state=State.QUEUED) & (
        Q(sent_at__lt=silent) | Q(run_after__gt=F("sent_at"))
    )
    untold = Q(state__in=FINAL, settled=False, sent_at__lt=silent)
    due = Job.objects.filter(waiting | untold, run_after__lte=now)
    return list(due.order_by("run_after")[:_MOST])


def _take_from_the_dead(job: Job, now: datetime) -> None:
    """Move a job on whose holder has not renewed its lease."""
    expired = Job.objects.filter(
        job_id=job.job_id, epoch=job.epoch, state=State.RUNNING, lease_until__lt=now
    )
    attempts = job.attempts + 1
    if job.cancel_requested:
        # With a reason it was the program that asked for the end, not a person.
        state = State.FAILED if job.error else State.CANCELLED
        if expired.update(**_over(state, now)):
            event_log.record_event(job.job_id, job.error or "Cancelled.", "warn")
    elif attempts >= MAX_ATTEMPTS:
        sentence = f"The worker stopped. {TOO_OFTEN}"
        if expired.update(**_over(State.FAILED, now), error=sentence):
            event_log.record_event(job.job_id, sentence, "bad")
    elif expired.update(
        state=State.QUEUED,
        epoch=job.epoch + 1,
        owner="",
        lease_until=None,
        attempts=attempts,
        run_after=now + timedelta(seconds=0 if attempts < 3 else 2**attempts),
        sent_at=now - RESEND_AFTER - timedelta(seconds=1),
    ):
        event_log.record_event(
            job.job_id, "The worker stopped; another takes over.", "warn"
        )
        logger.warning("job_taken_over", job_id=str(job.job_id), epoch=job.epoch + 1)


def _over(state: State, now: datetime) -> dict[str, object]:
    return {
        "state": state,
        "ended_at": now,
        "lease_until": None,
        "run_after": now,
        "sent_at": now - RESEND_AFTER - timedelta(seconds=1),
    }
