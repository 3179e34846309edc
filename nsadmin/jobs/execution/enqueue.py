"""Creating, releasing, withdrawing and resuming jobs.

Messages are sent after the transaction commits, so that workers can see the row.
"""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from nsadmin.audit.record import AuditActor
from nsadmin.audit.request_context import request_id
from nsadmin.jobs.execution import dispatch, event_log
from nsadmin.jobs.execution.progress import Progress, Stage
from nsadmin.jobs.models import MAX_TITLE_LENGTH, Job, State
from nsadmin.jobs.queues import JOBS
from nsadmin.names import clip


def enqueue(
    kind: str,
    *,
    actor: AuditActor,
    title: str,
    organization_id: str,
    internal_id: str,
    inputs: dict[str, Any],
    namespace_id: str = "",
    namespace_name: str = "",
    source_namespace_id: str = "",
    op_id: str = "",
    stages: tuple[Stage, ...] = (),
    job_id: uuid.UUID | None = None,
    delay: timedelta | None = None,
    queue: str = JOBS,
    max_concurrent: int | None = None,
) -> Job:
    """Create a job and send its message.

    With `delay` the job does not run until `release` is called or the delay has
    passed; meanwhile the caller prepares the namespace that the job works on.
    `max_concurrent` is the number of jobs at once that the namespace allows.
    """
    now = timezone.now()
    job = Job.objects.create(
        job_id=job_id or uuid.uuid4(),
        kind=kind,
        title=clip(title, MAX_TITLE_LENGTH),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        request_id=request_id.get(),
        organization_id=organization_id,
        internal_id=internal_id,
        namespace_id=namespace_id,
        namespace_name=clip(namespace_name, 128),
        source_namespace_id=source_namespace_id,
        op_id=op_id,
        queue=queue,
        max_concurrent=max_concurrent,
        inputs=inputs,
        progress=Progress(stages).to_json(),
        run_after=now + (delay or timedelta()),
    )
    event_log.record_event(job.job_id, "Queued.")
    if delay is None:
        transaction.on_commit(partial(dispatch.send, job), robust=True)
    return job


def record_done(kind: str, *, actor: AuditActor, title: str, **values: Any) -> Job:
    """Record an operation that is done already, so that its id can be asked for."""
    now = timezone.now()
    return Job.objects.create(
        job_id=uuid.uuid4(),
        kind=kind,
        state=State.DONE,
        settled=True,
        title=clip(title, MAX_TITLE_LENGTH),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        request_id=request_id.get(),
        progress=Progress(()).to_json(),
        started_at=now,
        ended_at=now,
        **values,
    )


def release(job: Job) -> None:
    """Let a job that was created with a delay run now."""
    delayed = Job.objects.filter(job_id=job.job_id, state=State.QUEUED)
    if delayed.update(run_after=timezone.now()):
        transaction.on_commit(partial(dispatch.send, job), robust=True)


def withdraw(job: Job) -> None:
    """Delete a delayed job; one that has started stays."""
    Job.objects.filter(
        job_id=job.job_id, state=State.QUEUED, started_at=None, epoch=0
    ).delete()


def resume(job: Job) -> bool:
    """Queue a failed or cancelled job again from its cursor.

    Returns False for a job in another state, or not yet settled.
    """
    now = timezone.now()
    is_queued = Job.objects.filter(
        job_id=job.job_id,
        epoch=job.epoch,
        state__in=(State.FAILED, State.CANCELLED),
        settled=True,  # otherwise the old end could be recorded after the resume
    ).update(
        state=State.QUEUED,
        epoch=job.epoch + 1,
        owner="",
        error="",
        error_code="",
        upstream="",
        reference="",
        cancelled_by="",
        seen_at=None,
        attempts=0,
        waits=0,
        away_since=None,
        waiting="",
        cancel_requested=False,
        settled=False,
        earlier_s=job.running_s(now) or 0.0,
        resumed_at=now,
        progress=Progress.read(job.progress).to_resume(),
        ended_at=None,
        sent_at=now,
        run_after=now,
    )
    if is_queued:
        event_log.record_event(job.job_id, "Resumed from its last checkpoint.", "run")
        job.refresh_from_db()
        transaction.on_commit(partial(dispatch.send, job), robust=True)
    return bool(is_queued)
