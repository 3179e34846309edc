"""Celery tasks of this room; each calls one function and is safe to run twice."""

from typing import Any

from celery import shared_task

from nsadmin.comparison import kept
from nsadmin.jobs.schedules.runs import record_run


@shared_task(
    name="nsadmin.comparison.purge",
    ignore_result=True,
    soft_time_limit=120,
    time_limit=150,
)
@record_run("comparison_purge")
def purge_comparisons() -> dict[str, Any]:
    """Delete the comparisons that have been kept for long enough."""
    return {"purged": kept.purge()}
