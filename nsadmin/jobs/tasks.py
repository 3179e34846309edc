"""Celery tasks; each calls one function and may be delivered twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs import trimming
from nsadmin.jobs.execution import runner, sweeper
from nsadmin.jobs.schedules.runs import record_run


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
    """Recover and resend all jobs that are due."""
    sweeper.sweep()


@shared_task(
    name="nsadmin.jobs.trim", ignore_result=True, soft_time_limit=180, time_limit=210
)
@record_run(trimming.SCHEDULE, keep="news")
def trim() -> dict[str, Any]:
    """Delete expired sessions, old logs and what else is kept no longer."""
    return trimming.run()
