"""Celery tasks; each calls one function and may be delivered twice."""

import threading
import time
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from nsadmin.jobs import audit_check, trimming
from nsadmin.jobs.execution import runner, sweeper
from nsadmin.jobs.schedules import turn
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.stores import redis

# A message each second would cost more than the sweep of that second, so a task stays
# for several. It ends before the next message; so does the claim of a killed one. The
# threads of a worker that ends are told; a child process goes on to the task's end.
_EVERY_S = 1.0
_TASK_S = 4.5
_CLAIM_MS = 4800
_stopping = threading.Event()


@worker_shutting_down.connect
def _stop_sweeping(**_kwargs: Any) -> None:
    _stopping.set()


# The limits of most kinds; a message carries those of its kind.
@shared_task(
    name="nsadmin.jobs.run", ignore_result=True, soft_time_limit=120, time_limit=150
)
def run_job(job_id: str, epoch: int) -> None:
    """Run one slice of a job, unless the message is stale."""
    runner.run_once(job_id, epoch)


@shared_task(
    name="nsadmin.jobs.sweep", ignore_result=True, soft_time_limit=20, time_limit=30
)
def sweep_jobs() -> None:
    """Recover and resend all due jobs, once a second until the next message.

    While another one does it, this one ends: two at once would do no harm, but they
    could take every process of the queue.
    """
    if not redis.claim("sweep", milliseconds=_CLAIM_MS):
        return
    try:
        with turn.within(_TASK_S):
            while not turn.is_over():
                next_at = time.monotonic() + _EVERY_S
                sweeper.sweep()
                if next_at > time.monotonic() + turn.left_s():
                    return
                if _stopping.wait(next_at - time.monotonic()):
                    return
    finally:
        redis.release("sweep")


@shared_task(
    name="nsadmin.jobs.trim", ignore_result=True, soft_time_limit=180, time_limit=210
)
@record_run(trimming.SCHEDULE, keep="news")
def trim() -> dict[str, Any]:
    """Delete expired sessions, old logs and what else is kept no longer."""
    return trimming.run()


@shared_task(
    name="nsadmin.jobs.verify_audit",
    ignore_result=True,
    soft_time_limit=3600,
    time_limit=3660,
)
@record_run(audit_check.SCHEDULE)
def verify_audit() -> dict[str, Any]:
    """Verify the chain of every organization's audit."""
    return audit_check.run()
