"""Celery shells: each calls one function and may run twice."""

from typing import Any

from celery import shared_task

from nsadmin.advice import auto_indexing
from nsadmin.jobs.schedules.runs import record_run


@shared_task(name="nsadmin.advice.auto_indexes", ignore_result=True)
@record_run(auto_indexing.SCHEDULE)
def auto_indexes() -> dict[str, Any]:
    """Create the indexes that filter usage asks for."""
    return auto_indexing.run().to_json()


@shared_task(name="nsadmin.advice.finish", ignore_result=True)
@record_run(auto_indexing.FINISH, keep="news")
def finish() -> dict[str, Any]:
    """Measure the builds that have ended."""
    return {"finished": auto_indexing.finish_open()}
