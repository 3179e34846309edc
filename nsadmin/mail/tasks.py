"""Celery tasks; each calls one function and may be delivered twice."""

from celery import shared_task

from nsadmin.jobs.schedules.runs import record_run
from nsadmin.mail import delivery


@shared_task(
    name="nsadmin.mail.deliver", ignore_result=True, soft_time_limit=150, time_limit=165
)
def deliver() -> None:
    """Send the mails that are due."""
    delivery.run()


@shared_task(
    name="nsadmin.mail.retry", ignore_result=True, soft_time_limit=150, time_limit=165
)
@record_run("mail", keep="news")
def retry() -> dict[str, int]:
    """Send the mails that are due once more, or whose message was lost."""
    return delivery.run()
