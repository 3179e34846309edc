"""The sweeper: recovers jobs of dead workers and resends lost messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

import structlog
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from nsadmin import meters
from nsadmin.jobs import items
from nsadmin.jobs.execution import admission, dispatch, event_log, slots
from nsadmin.jobs.execution.commitment import must_stop
from nsadmin.jobs.execution.outcomes import GAVE_UP, MAX_ATTEMPTS
from nsadmin.jobs.models import FINAL, Job, State
from nsadmin.stores import composed

logger = structlog.get_logger(__name__)

# A message that was not taken for this long is sent again.
RESEND_AFTER = timedelta(seconds=5)
# Jobs in one sweep; the sweep runs every second.
_MAX_JOBS = 100
# After this many deaths of its worker, a job waits before the next attempt.
_ATTEMPTS_WITHOUT_PAUSE = 3


def sweep() -> int:
    """Recover expired jobs and send messages for due ones; return the number sent."""
    now = timezone.now()
    return _sweep(now) if composed.exist(_due, now) else 0


def _due(now: datetime) -> QuerySet[Job]:
    expired = Q(state=State.RUNNING, lease_until__lt=now)
    queued = Q(state=State.QUEUED, run_after__lte=now)
    unsettled = Q(state__in=FINAL, settled=False)
    return Job.objects.filter(expired | queued | unsettled)


def _sweep(now: datetime) -> int:
    expired = Job.objects.filter(state=State.RUNNING, lease_until__lt=now)
    items.each(
        "sweep",
        expired.order_by("lease_until").values_list("job_id", flat=True)[:_MAX_JOBS],
        lambda job_id: _recover_from_dead_worker(_read(job_id), now),
        key=str,
        kind="job",
    )
    sender = _Sender()
    due = chain(_unanswered(now), admission.due(now, at_most=_MAX_JOBS))
    items.each(
        "sweep", due, lambda job_id: sender.send(_read(job_id)), key=str, kind="job"
    )
    return sender.sent


@dataclass(slots=True)
class _Sender:
    """Sends messages of jobs until the broker fails to answer."""

    sent: int = 0
    is_broker_away: bool = False

    def send(self, job: Job) -> None:
        """Send one message; none once the broker has not answered."""
        if self.is_broker_away or not (job.state in FINAL or slots.take(job)):
            return
        if dispatch.send_message(job):
            self.sent += 1
        else:
            self.is_broker_away = True


def _read(job_id: UUID) -> Job:
    """Return the whole row; read one by one, an odd row fails alone."""
    return Job.objects.get(job_id=job_id)


def _unanswered(now: datetime) -> list[UUID]:
    """Return jobs with a slot whose message was lost, and ended unsettled jobs."""
    resend_before = now - RESEND_AFTER
    # `run_after` is later than `sent_at` if a wait has ended since the last message.
    is_late = Q(sent_at__lt=resend_before) | Q(run_after__gt=F("sent_at"))
    queued = Q(is_late, state=State.QUEUED, slot__isnull=False)
    unsettled = Q(state__in=FINAL, settled=False, sent_at__lt=resend_before)
    # Two queries, each with an index of its own.
    rows = chain.from_iterable(
        Job.objects.filter(due, run_after__lte=now)
        .order_by("run_after")
        .values_list("run_after", "job_id")[:_MAX_JOBS]
        for due in (queued, unsettled)
    )
    return [job_id for _, job_id in sorted(rows)[:_MAX_JOBS]]


def _recover_from_dead_worker(job: Job, now: datetime) -> None:
    """Queue, cancel or fail a running job whose lease has expired."""
    expired = Job.objects.filter(
        job_id=job.job_id, epoch=job.epoch, state=State.RUNNING, lease_until__lt=now
    )
    attempts = job.attempts + 1
    if must_stop(job):
        # An error is set if the program aborted the job; a person's cancel has none.
        values = _final_values(State.FAILED if job.error else State.CANCELLED, now)
        event, role = job.error or "Cancelled.", "bad" if job.error else "idle"
    elif attempts >= MAX_ATTEMPTS:
        event, role = f"The worker stopped. {GAVE_UP}", "bad"
        values = {**_final_values(State.FAILED, now), "error": event}
    else:
        event, role = "The worker stopped; another one continues.", "warn"
        values = _queued_values(job, attempts, now)
    if not expired.update(**values):
        return
    meters.count_lost_lease("job")
    event_log.record_event(job.job_id, event, role)
    if values["state"] == State.QUEUED:
        logger.warning("job_taken_over", job_id=str(job.job_id), epoch=job.epoch + 1)


def _queued_values(job: Job, attempts: int, now: datetime) -> dict[str, object]:
    pause_s = 0 if attempts < _ATTEMPTS_WITHOUT_PAUSE else 2**attempts
    return {
        "state": State.QUEUED,
        "epoch": job.epoch + 1,
        "owner": "",
        "lease_until": None,
        "attempts": attempts,
        **({"slot": None} if pause_s else {}),
        "run_after": now + timedelta(seconds=pause_s),
        "sent_at": _long_sent(now),
    }


def _final_values(state: State, now: datetime) -> dict[str, object]:
    return {
        "state": state,
        "ended_at": now,
        "lease_until": None,
        "slot": None,
        "run_after": now,
        "sent_at": _long_sent(now),
    }


def _long_sent(now: datetime) -> datetime:
    """Return a `sent_at` for which this very sweep sends a message."""
    return now - RESEND_AFTER - timedelta(seconds=1)
