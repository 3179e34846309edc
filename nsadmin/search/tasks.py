"""Celery shells: each calls one function and may run twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs.schedules.runs import record_run
from nsadmin.search import fill as filling


@shared_task(
    name="nsadmin.search.fill",
    ignore_result=True,
    soft_time_limit=60,
    time_limit=75,
)
@record_run("search", keep="news")
def fill() -> dict[str, Any]:
    """Compare what can be found with the sources, as far as the time allows."""
    work = filling.run()
    return {
        "written": work.written,
        "dropped": work.dropped,
        "failed": work.failed,
        "silent": work.silent,
    }
