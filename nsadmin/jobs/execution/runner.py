"""Running one slice of a job."""

from typing import Final, Literal
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from nsadmin.errors import NsadminError, new_reference
from nsadmin.jobs.execution import dispatch, event_log, outcomes, slots
from nsadmin.jobs.execution.commitment import must_stop
from nsadmin.jobs.execution.context import SLICE_S, JobContext
from nsadmin.jobs.execution.interrupts import (
    CancelRequested,
    Interrupt,
    LeaseLost,
    SliceExpired,
)
from nsadmin.jobs.execution.lease import Lease, claim, renewing
from nsadmin.jobs.models import FINAL, Job, State
from nsadmin.jobs.queues import JOBS
from nsadmin.jobs.registry import Kind, find_kind

logger = structlog.get_logger(__name__)

# An unexpected error; its reference id leads to the log.
BROKE: Final = "The job stopped because of an error in nsadmin."


def run_once(
    job_id: UUID | str, epoch: int | None = None, *, slice_s: float | None = None
) -> State | None:
    """Run one slice of a job; return the state of the job after it.

    `epoch` is the epoch of the Celery message, by default that of the row; `slice_s` is
    by default that of the job's queue. Returns None if nothing was run: the message is
    stale, no slot is free, or the job is running or has ended.
    """
    job = Job.objects.filter(job_id=job_id).first()
    if job is None:
        return None
    if job.state in FINAL:
        outcomes.settle(job)
        return None
    epoch = job.epoch if epoch is None else epoch
    is_due = epoch == job.epoch and job.run_after <= timezone.now()
    if not is_due or not slots.take(job):
        return None
    lease = claim(job.job_id, epoch)
    if lease is None:
        return None
    job.refresh_from_db()
    log_fields = {"job_id": str(job.job_id), "request_id": job.request_id}
    with renewing(lease), structlog.contextvars.bound_contextvars(**log_fields):
        _run_slice(job, lease, _slice_s(job) if slice_s is None else slice_s)
    return _finish_slice(job)


def _run_slice(job: Job, lease: Lease, slice_s: float) -> None:
    """Run the kind's function and write the resulting state, whatever it raises."""
    try:
        context = JobContext(job, lease, slice_s=slice_s)
    except Exception:
        reference = new_reference()
        logger.exception("job_unreadable", reference=reference)
        outcomes.retry(lease, "The job's row cannot be read.", reference=reference)
        return
    kind = find_kind(job.kind)
    if kind is None and not must_stop(job):
        outcomes.wait_for_version(lease, job.kind)
        return
    try:
        _run(kind, context)
    except Interrupt as interrupt:
        _handle_interrupt(context, interrupt)
    except NsadminError as error:
        if error.retryable:
            outcomes.wait_for_store(lease, error)
        else:
            outcomes.refuse(lease, error, progress=_stopped_progress(context))
    except SoftTimeLimitExceeded:
        logger.warning("job_step_too_long")
        message = "A step of the job took too long and was stopped."
        outcomes.retry(lease, message, progress=_stopped_progress(context))
    except Exception:
        reference = new_reference()
        logger.exception("job_broke", reference=reference)
        outcomes.retry(
            lease, BROKE, reference=reference, progress=_stopped_progress(context)
        )


def _slice_s(job: Job) -> float:
    return SLICE_S.get(job.queue, SLICE_S[JOBS])


def _run(kind: Kind | None, context: JobContext) -> None:
    if kind is None or must_stop(context.job):
        raise CancelRequested
    kind.run(context)
    outcomes.finish(context)


def _handle_interrupt(context: JobContext, interrupt: Interrupt) -> None:
    """Write the state of a job whose runner was interrupted."""
    lease = context.lease
    if isinstance(interrupt, SliceExpired):
        lease.requeue()
    elif isinstance(interrupt, LeaseLost):
        logger.info("job_lost", epoch=lease.epoch)
    elif abort_reason := _abort_reason(lease):
        outcomes.fail(lease, abort_reason, progress=_stopped_progress(context))
    elif lease.end(State.CANCELLED, progress=_stopped_progress(context, "cancelled")):
        event_log.record_event(lease.job_id, "Cancelled.")


def _abort_reason(lease: Lease) -> str:
    """Return the reason if the program aborted the job; empty if a person cancelled."""
    return Job.objects.values_list("error", flat=True).get(job_id=lease.job_id)


def _finish_slice(job: Job) -> State:
    """Settle a job that has ended, or send the message for its next slice."""
    job.refresh_from_db()
    if job.state in FINAL:
        outcomes.settle(job)
    elif job.state == State.QUEUED and job.run_after <= timezone.now():
        dispatch.send(job)
    return State(job.state)


def _stopped_progress(
    context: JobContext, state: Literal["failed", "cancelled"] = "failed"
) -> dict[str, object]:
    context.progress.stop(state)
    return context.progress.to_json()
