"""Running one slice of a job."""

from uuid import UUID

import structlog
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.jobs.execution import dispatch, event_log, lease, outcomes
from nsadmin.jobs.execution.context import SLICE_S, JobContext
from nsadmin.jobs.execution.interrupts import Cancelled, Lost, SliceOver, Stop
from nsadmin.jobs.execution.lease import Lease
from nsadmin.jobs.models import FINAL, Job, State
from nsadmin.jobs.registry import Kind, find

logger = structlog.get_logger(__name__)


def run_once(
    job_id: UUID | str, epoch: int | None = None, *, slice_s: float = SLICE_S
) -> State | None:
    """Carry a job one slice further; return the state it is left in.

    `epoch` is the message's; without one the row's own is taken. None means that there
    was nothing to do: the message is stale, or the job is held or done.
    """
    job = Job.objects.filter(job_id=job_id).first()
    if job is None:
        return None
    if job.state in FINAL:
        outcomes.settle(job)
        return None
    held = lease.claim(job.job_id, job.epoch if epoch is None else epoch)
    if held is None:
        return None
    job.refresh_from_db()
    named = {"job_id": str(job.job_id), "request_id": job.request_id}
    with lease.kept(held), structlog.contextvars.bound_contextvars(**named):
        _carry(job, held, slice_s)
    return _after(job)


def _carry(job: Job, held: Lease, slice_s: float) -> None:
    """Run the kind's function and turn every way out of it into a state of the row."""
    kind = find(job.kind)
    if kind is None:
        outcomes.fail(held, f"This program does not know jobs of kind {job.kind}.")
        return
    work = JobContext(job, held, slice_s=slice_s)
    try:
        _run(kind, work)
    except Stop as reason:
        _stop(held, work, reason)
    except NsadminError as failure:
        if failure.retryable:
            outcomes.wait(held, failure.message)
        else:
            outcomes.fail(held, _explained(failure), progress=_stopped(work))
    except Exception as failure:
        logger.exception("job_broke")
        sentence = f"It broke off unexpectedly ({type(failure).__name__})."
        outcomes.again(held, sentence, progress=_stopped(work))


def _run(kind: Kind, work: JobContext) -> None:
    if work.job.cancel_requested:
        raise Cancelled
    kind.run(work)
    outcomes.finish(work)


def _stop(held: Lease, work: JobContext, reason: Stop) -> None:
    if isinstance(reason, SliceOver):
        held.give_back()
    elif isinstance(reason, Lost):
        logger.info("job_lost", epoch=held.epoch)
    elif reason_given := _reason_to_stop(held):
        outcomes.fail(held, reason_given, progress=_stopped(work))
    elif held.end(State.CANCELLED, progress=_stopped(work)):
        event_log.record_event(held.job_id, "Cancelled.", "warn")


def _reason_to_stop(held: Lease) -> str:
    """Return why the program itself asked for the end; empty where a person did."""
    return Job.objects.values_list("error", flat=True).get(job_id=held.job_id)


def _after(job: Job) -> State:
    """Tell the outside of an end, or send the message for the next slice."""
    job.refresh_from_db()
    if job.state in FINAL:
        outcomes.settle(job)
    elif job.state == State.QUEUED and job.run_after <= timezone.now():
        dispatch.send(job)
    return State(job.state)


def _stopped(work: JobContext) -> dict[str, object]:
    work.progress.stop()
    return work.progress.to_json()


def _explained(failure: NsadminError) -> str:
    """The sentence, and what the store said where it said something."""
    upstream = str(failure.details.get("upstream") or "")
    return f"{failure.message} {upstream}".strip()
