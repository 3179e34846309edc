"""The state of a job after its runner stops: done, failed, waiting or retried."""

import random
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.jobs.execution import event_log
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.lease import Lease
from nsadmin.jobs.models import MAX_ERROR_LENGTH, MAX_WAITING_LENGTH, Job, State
from nsadmin.jobs.registry import find_kind

logger = structlog.get_logger(__name__)

# A job that crashes this often without moving its cursor fails.
MAX_ATTEMPTS = 5
GAVE_UP = f"It was tried {MAX_ATTEMPTS} times without progress."
# A job fails if a store does not answer for this long.
MAX_OUTAGE = timedelta(minutes=10)
_MAX_WAIT_S = 30.0
# A job waits this long for a worker of a version that knows its kind.
_OTHER_VERSION_S = 15.0


def finish(context: JobContext) -> None:
    """Write the results of a runner that returned, and the state DONE."""
    if context.lease.end(
        State.DONE,
        cursor=context.cursor,
        outputs=context.outputs,
        progress=context.progress.to_json(),
    ):
        context.record_event("Done.", "ok")


def fail(lease: Lease, message: str, **values: object) -> None:
    """End a job with an error that a retry cannot help; also write these values."""
    if lease.end(State.FAILED, error=message[:MAX_ERROR_LENGTH], **values):
        event_log.record_event(lease.job_id, message, "bad")


def wait_for_store(lease: Lease, message: str) -> None:
    """Queue a job whose store does not answer, with growing pauses.

    The job fails once the store has not answered for MAX_OUTAGE.
    """
    now = timezone.now()
    row = Job.objects.only("waits", "away_since").get(job_id=lease.job_id)
    since = row.away_since or now
    if now - since > MAX_OUTAGE:
        minutes = int(MAX_OUTAGE.total_seconds() // 60)
        fail(lease, f"{message} There was no answer for {minutes} minutes.")
        return
    is_queued = lease.requeue(
        run_after=next_attempt_at(row.waits),
        waits=row.waits + 1,
        away_since=since,
        waiting=message[:MAX_WAITING_LENGTH],
    )
    if is_queued and row.waits == 0:
        event_log.record_event(
            lease.job_id, f"{message} Retrying until it answers.", "warn"
        )


def retry(lease: Lease, message: str, **values: object) -> None:
    """Queue a crashed job again, or fail it with these values after MAX_ATTEMPTS."""
    row = Job.objects.only("attempts").get(job_id=lease.job_id)
    attempts = row.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        fail(lease, f"{message} {GAVE_UP}", **values)
    elif lease.requeue(run_after=next_attempt_at(row.attempts), attempts=attempts):
        event_log.record_event(lease.job_id, f"{message} Retrying.", "warn")


def wait_for_version(lease: Lease, kind: str) -> None:
    """Queue a job whose kind this version does not know, for a worker that does.

    During an upgrade, older workers meet jobs of newer kinds. That counts neither as an
    attempt nor as an outage.
    """
    message = f"This worker's version has no runner for jobs of kind {kind}."
    is_first = not Job.objects.filter(job_id=lease.job_id, waiting=message).exists()
    run_after = timezone.now() + timedelta(seconds=_OTHER_VERSION_S)
    is_queued = lease.requeue(run_after=run_after, waiting=message[:MAX_WAITING_LENGTH])
    if is_queued and is_first:
        note = f"{message} Another worker may have one."
        event_log.record_event(lease.job_id, note, "warn")


def next_attempt_at(count: int) -> datetime:
    """Return the time of the next attempt after `count` attempts.

    The pause doubles up to _MAX_WAIT_S and is random, so that jobs do not all come back
    at once.
    """
    longest = min(_MAX_WAIT_S, 2.0 ** min(count, 10))
    return timezone.now() + timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311


def settle(job: Job) -> bool:
    """Call the `settle` function of the job's kind; schedule a retry if it raises.

    Returns whether the job is settled.
    """
    if job.settled:
        return True
    kind = find_kind(job.kind)
    try:
        if kind is not None and kind.settle is not None:
            kind.settle(job)
    except NsadminError as failure:
        logger.warning("settle_waits", job_id=str(job.job_id), error=failure.message)
        return _settle_later(job)
    except Exception:
        logger.exception("settle_broke", job_id=str(job.job_id))
        return _settle_later(job)
    settled = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=job.state)
    return bool(settled.update(settled=True))


def _settle_later(job: Job) -> bool:
    unsettled = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=job.state)
    unsettled.update(run_after=next_attempt_at(job.waits), waits=F("waits") + 1)
    return False
