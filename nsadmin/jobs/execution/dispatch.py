"""Sending Celery messages that a job is due; the sweeper resends lost ones."""

import structlog
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from nsadmin.jobs.models import Job

log = structlog.get_logger(__name__)

TASK = "nsadmin.jobs.run"
QUEUE = "celery"
# An older message is dropped by Celery; the sweeper has sent newer ones meanwhile.
_EXPIRES_S = 60
_CONNECTION = {
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "max_retries": 0,
    "retry_on_timeout": False,
}


def send(job: Job) -> bool:
    """Send the message that runs a job; return False if the broker does not answer."""
    Job.objects.filter(job_id=job.job_id, epoch=job.epoch).update(
        sent_at=timezone.now()
    )
    return send_task(TASK, str(job.job_id), job.epoch)


def send_task(task: str, *args: object) -> bool:
    """Queue a Celery task; return False if the broker does not answer.

    It is called during web requests, so there is one try with short timeouts.
    """
    try:
        with current_app.connection_for_write(
            connect_timeout=1, transport_options=_CONNECTION
        ) as connection:
            current_app.send_task(
                task,
                args=args,
                queue=QUEUE,
                expires=_EXPIRES_S,
                connection=connection,
                retry=False,
                ignore_result=True,
            )
    except (OperationalError, OSError) as failure:
        log.warning("message_not_sent", task=task, args=args, error=str(failure))
        return False
    return True
