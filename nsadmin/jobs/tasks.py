"""Celery shells: they take ids and call one function; running twice does no harm."""

from celery import shared_task

from nsadmin.jobs.execution import runner, sweeper


@shared_task(name="nsadmin.jobs.run", ignore_result=True)
def run_job(job_id: str, epoch: int) -> None:
    """Carry a job one slice further, unless the message is stale."""
    runner.run_once(job_id, epoch)


@shared_task(name="nsadmin.jobs.sweep", ignore_result=True)
def sweep_jobs() -> None:
    """Take up what is due."""
    sweeper.sweep()
