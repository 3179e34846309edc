"""The hint to Celery that a job row has work; without it the sweeper finds the row."""

import structlog
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from nsadmin.jobs.models import Job

log = structlog.get_logger(__name__)

TASK = "nsadmin.jobs.run"
QUEUE = "celery"
# A message that nobody took for so long is void: the sweeper has sent younger ones.
_EXPIRES_S = 60
_CONNECTION = {
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "max_retries": 0,
    "retry_on_timeout": False,
}


def send(job: Job) -> bool:
    """Send the message; False, and a line in the log, while the broker is away."""
    Job.objects.filter(job_id=job.job_id, epoch=job.epoch).update(
        sent_at=timezone.now()
    )
    return send_task(TASK, str(job.job_id), job.epoch)


def send_task(task: str, *args: object) -> bool:
    """Have a worker do a task soon; False while the broker is away.

    A request waits for this, so it is tried once, with short limits.
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
