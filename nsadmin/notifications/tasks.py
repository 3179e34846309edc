"""Celery tasks of this room; each calls one function and is safe to run twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs.schedules.runs import record_run
from nsadmin.notifications import key_expiry
from nsadmin.notifications.sending import turns


@shared_task(
    name="nsadmin.notifications.sweep",
    ignore_result=True,
    soft_time_limit=30,
    time_limit=45,
)
@record_run(turns.SCHEDULE, keep="last")
def sweep() -> dict[str, Any]:
    """Turn events into deliveries, and wake the organizations with due ones."""
    return turns.sweep()


@shared_task(name=turns.DELIVER, ignore_result=True, soft_time_limit=45, time_limit=60)
def deliver(organization_id: str) -> None:
    """Send what is due for one organization."""
    turns.deliver(organization_id)


@shared_task(
    name="nsadmin.notifications.key_expiry",
    ignore_result=True,
    soft_time_limit=120,
    time_limit=150,
)
@record_run(key_expiry.SCHEDULE)
def warn_of_key_expiry() -> dict[str, Any]:
    """Warn of API keys that expire soon."""
    return key_expiry.warn()
