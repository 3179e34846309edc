"""Celery tasks; each calls one function and may be delivered twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs import trimming
from nsadmin.jobs.execution import runner, sweeper
from nsadmin.jobs.schedules import turn
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.stores import redis

# A sweep starts no further job after this long; of a killed one the claim ends soon.
_TURN_S = 4.0
_SWEEP_MS = 5000


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
    """Recover and resend all jobs that are due, unless another sweep does it.

    Two sweeps at once would do no harm, but they could take every thread of the queue.
    """
    if not redis.claim("sweep", milliseconds=_SWEEP_MS):
        return
    try:
        with turn.within(_TURN_S):
            sweeper.sweep()
    finally:
        redis.release("sweep")


@shared_task(
    name="nsadmin.jobs.trim", ignore_result=True, soft_time_limit=180, time_limit=210
)
@record_run(trimming.SCHEDULE, keep="news")
def trim() -> dict[str, Any]:
    """Delete expired sessions, old logs and what else is kept no longer."""
    return trimming.run()
