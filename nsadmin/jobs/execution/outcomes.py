"""What becomes of a job when its runner stops: done, failed, waiting, once more."""

import random
from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.jobs.execution import event_log
from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.lease import Lease
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.registry import find

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
TOO_OFTEN = f"It was tried {MAX_ATTEMPTS} times without getting further."
PATIENCE = timedelta(minutes=10)
_LONGEST_WAIT_S = 30.0
_LONGEST_SENTENCE = 2000
_LONGEST_REASON = 300


def finish(work: JobContext) -> None:
    """Write the result of a runner that came to its end."""
    if work.lease.end(
        State.DONE,
        cursor=work.cursor,
        outputs=work.outputs,
        progress=work.progress.to_json(),
    ):
        work.note("Done.", "ok")


def fail(held: Lease, sentence: str, **values: object) -> None:
    """End a job for a reason that trying again cannot help."""
    if held.end(State.FAILED, error=sentence[:_LONGEST_SENTENCE], **values):
        event_log.record_event(held.job_id, sentence, "bad")


def wait(held: Lease, sentence: str) -> None:
    """A store is away: try again later and later, and give up when it stays away."""
    now = timezone.now()
    row = Job.objects.only("waits", "away_since").get(job_id=held.job_id)
    since = row.away_since or now
    if now - since > PATIENCE:
        minutes = int(PATIENCE.total_seconds() // 60)
        fail(held, f"{sentence} It has been silent for {minutes} minutes.")
        return
    given = held.give_back(
        run_after=later(row.waits),
        waits=row.waits + 1,
        away_since=since,
        waiting=sentence[:_LONGEST_REASON],
    )
    if given and row.waits == 0:
        event_log.record_event(
            held.job_id, f"{sentence} Trying again until it does.", "warn"
        )


def again(held: Lease, sentence: str, **values: object) -> None:
    """An unexpected end: once more, unless it got no further too often."""
    row = Job.objects.only("attempts").get(job_id=held.job_id)
    attempts = row.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        fail(held, f"{sentence} {TOO_OFTEN}", **values)
    elif held.give_back(run_after=later(row.attempts), attempts=attempts):
        event_log.record_event(held.job_id, f"{sentence} Trying again.", "warn")


def later(count: int) -> datetime:
    """When to try again after `count` tries: longer and longer, and not all at once."""
    longest = min(_LONGEST_WAIT_S, 2.0 ** min(count, 10))
    return timezone.now() + timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311


def settle(job: Job) -> bool:
    """Tell the outside that a job has ended; what cannot be told now is told later."""
    if job.settled:
        return True
    kind = find(job.kind)
    try:
        if kind is not None and kind.settle is not None:
            kind.settle(job)
    except NsadminError as failure:
        logger.warning("settle_waits", job_id=str(job.job_id), error=failure.message)
        return _settle_later(job)
    except Exception:
        logger.exception("settle_broke", job_id=str(job.job_id))
        return _settle_later(job)
    told = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=job.state)
    return bool(told.update(settled=True))


def _settle_later(job: Job) -> bool:
    waiting = Job.objects.filter(job_id=job.job_id, epoch=job.epoch, state=job.state)
    waiting.update(run_after=later(job.waits), waits=F("waits") + 1)
    return False
