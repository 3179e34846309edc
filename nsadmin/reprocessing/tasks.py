"""Celery tasks of this room; each calls one function and is safe to run twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs.schedules.runs import record_run
from nsadmin.reprocessing import measuring


@shared_task(
    name="nsadmin.reprocessing.run",
    ignore_result=True,
    soft_time_limit=60,
    time_limit=75,
)
@record_run(measuring.SCHEDULE)
def run() -> dict[str, Any]:
    """Notify the platform of requests, and measure their progress."""
    return measuring.run()
