"""The state of a job after its runner stops: done, failed, waiting or retried."""

import random
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nsadmin import meters
from nsadmin.errors import NsadminError
from nsadmin.jobs.execution import event_log
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.lease import Lease
from nsadmin.jobs.models import (
    MAX_CODE_LENGTH,
    MAX_ERROR_LENGTH,
    MAX_UPSTREAM_LENGTH,
    MAX_WAITING_LENGTH,
    Job,
    State,
)
from nsadmin.jobs.registry import find_kind, note_end

logger = structlog.get_logger(__name__)

# A job that crashes this often without moving its cursor fails.
MAX_ATTEMPTS = 5
GAVE_UP = f"It was tried {MAX_ATTEMPTS} times without progress."
# A job fails if a store does not answer for this long.
MAX_OUTAGE = timedelta(minutes=10)
# Codes of ends that no error of a store or a rule explains.
SILENT: Final = "store_silent"
UNEXPECTED: Final = "unexpected"
_MAX_WAIT_S = 30.0
# A job waits this long for a worker of a version that knows its kind.
_OTHER_VERSION_S = 15.0
# The end of a job waits this long for a worker that knows its kind, and then for none.
_KIND_IS_GONE = timedelta(days=7)


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


def refuse(lease: Lease, error: NsadminError, **values: object) -> None:
    """End a job with an error of a rule or of a store; also write these values.

    What the store said itself is kept apart from our message.
    """
    fail(
        lease,
        error.message,
        error_code=error.code[:MAX_CODE_LENGTH],
        upstream=_upstream(error),
        **values,
    )


def _upstream(error: NsadminError) -> str:
    return str(error.details.get("upstream") or "")[:MAX_UPSTREAM_LENGTH]


def wait_for_store(lease: Lease, error: NsadminError) -> None:
    """Queue a job whose store does not answer, with growing pauses.

    The job fails once the store has not answered for MAX_OUTAGE.
    """
    now, message = timezone.now(), error.message
    row = Job.objects.only("waits", "away_since").get(job_id=lease.job_id)
    since = row.away_since or now
    if now - since > MAX_OUTAGE:
        minutes = int(MAX_OUTAGE.total_seconds() // 60)
        told = f"{message} There was no answer for {minutes} minutes."
        fail(lease, told, error_code=SILENT, upstream=_upstream(error))
        return
    run_after = next_attempt_at(row.waits)
    is_queued = lease.requeue(
        run_after=run_after,
        waits=row.waits + 1,
        away_since=since,
        waiting=message[:MAX_WAITING_LENGTH],
    )
    if is_queued:
        waits = "attempt" if row.waits == 1 else "attempts"
        told = f"Still no answer after {row.waits} {waits}." if row.waits else message
        told = f"{told} Next attempt in {_seconds_until(run_after)}."
        event_log.record_event(lease.job_id, told, "warn")


def retry(lease: Lease, message: str, *, reference: str = "", **values: object) -> None:
    """Queue a crashed job again, or fail it with these values after MAX_ATTEMPTS.

    `reference` is the id of an unexpected error in the log.
    """
    row = Job.objects.only("attempts").get(job_id=lease.job_id)
    attempts = row.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        code = UNEXPECTED if reference else ""
        values |= {"error_code": code, "reference": reference}
        fail(lease, f"{message} {GAVE_UP}", **values)
        return
    run_after = next_attempt_at(row.attempts)
    if lease.requeue(run_after=run_after, attempts=attempts):
        told = f"{message} Reference {reference}." if reference else message
        following = f"Attempt {attempts + 1} of {MAX_ATTEMPTS} in"
        told = f"{told} {following} {_seconds_until(run_after)}."
        event_log.record_event(lease.job_id, told, "warn")


def _seconds_until(moment: datetime) -> str:
    seconds = (moment - timezone.now()).total_seconds()
    return f"{max(1, round(seconds))} s"


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

    A worker that does not know the kind leaves this to one that does, since only that
    one can record the end elsewhere. Returns whether the job is settled.
    """
    if job.settled:
        return True
    kind = find_kind(job.kind)
    if kind is None and _may_be_newer(job):
        return _settle_later(job)
    try:
        if kind is not None and kind.settle is not None:
            kind.settle(job)
    except NsadminError as failure:
        logger.warning("settle_waits", job_id=str(job.job_id), error=failure.message)
        return _settle_later(job)
    except Exception:
        logger.exception("settle_broke", job_id=str(job.job_id))
        return _settle_later(job)
    ended = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=job.state)
    with transaction.atomic():
        is_mine = bool(ended.filter(settled=False).update(settled=True))
        if is_mine:
            note_end(job)
    if not is_mine:
        return ended.exists()
    name = meters.OTHER if kind is None else kind.name
    meters.count_ended_job(name, job.state, job.running_s(timezone.now()) or 0.0)
    return True


def _may_be_newer(job: Job) -> bool:
    """Tell whether an unknown kind may be one that a newer version knows."""
    return job.ended_at is None or timezone.now() - job.ended_at < _KIND_IS_GONE


def _settle_later(job: Job) -> bool:
    unsettled = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=job.state)
    unsettled.update(run_after=next_attempt_at(job.waits), waits=F("waits") + 1)
    return False
