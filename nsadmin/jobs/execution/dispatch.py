"""Sending Celery messages; the sweeper resends those of jobs that were lost."""

from collections.abc import Iterable

import structlog
from celery import current_app
from django.utils import timezone
from kombu import pools
from kombu.exceptions import LimitExceeded, OperationalError

from nsadmin.jobs.execution import slots
from nsadmin.jobs.models import FINAL, Job
from nsadmin.jobs.queues import CLUSTERS
from nsadmin.jobs.registry import limit_of

log = structlog.get_logger(__name__)

TASK = "nsadmin.jobs.run"
# The header of every message with the time at which it was sent, in seconds since 1970.
SENT_AT = "sent_at"
# An older message is dropped by Celery; the sweeper has sent newer ones meanwhile.
EXPIRES_S = 60
# A task that is told to stop has so many seconds until it is killed.
_LAST_WORDS_S = 30
# The limits of a task that is not registered in this process.
_SOFT_LIMIT_S, _HARD_LIMIT_S = 300.0, 330.0
_CONNECTION = {
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "max_retries": 0,
    "retry_on_timeout": False,
}
# The longest wait for one of the connections that this process keeps.
_POOL_WAIT_S = 2


def send(job: Job) -> bool:
    """Send the message that runs a job, once it has a slot; return whether it was sent.

    It is not sent if no slot is free or the broker does not answer. The sweeper sends
    it later.
    """
    return (job.state in FINAL or slots.take(job)) and send_message(job)


def send_message(job: Job) -> bool:
    """Send the message of a job; return False if the broker does not answer."""
    Job.objects.filter(job_id=job.job_id, epoch=job.epoch).update(
        sent_at=timezone.now()
    )
    return send_task(
        TASK,
        str(job.job_id),
        job.epoch,
        queue=job.queue,
        limit_s=limit_of(job.kind),
    )


def limits_of(task: str) -> tuple[float, float]:
    """Return after how many seconds a task is asked to stop, and is killed."""
    known = current_app.tasks.get(task)
    soft_s = getattr(known, "soft_time_limit", None) or _SOFT_LIMIT_S
    return soft_s, getattr(known, "time_limit", None) or _HARD_LIMIT_S


def send_to_clusters(task: str, urls: Iterable[str], *, expires_s: int) -> int:
    """Send one message for each customer's cluster; return the number sent.

    A worker that is late drops a message older than `expires_s`.
    """
    sent = 0
    for url in urls:
        if not send_task(task, url, queue=CLUSTERS, expires_s=expires_s):
            break
        sent += 1
    return sent


def send_task(
    task: str,
    *args: object,
    queue: str | None = None,
    expires_s: int = EXPIRES_S,
    limit_s: int | None = None,
) -> bool:
    """Queue a Celery task; return False if the broker does not answer.

    Without `queue` the settings choose it by the task's name. After `limit_s` seconds a
    worker with child processes stops the task. It is called during web requests, so
    there is one try with short timeouts, over a connection that is kept. One that the
    broker has closed meanwhile is opened again.
    """
    connection = current_app.connection_for_write(
        connect_timeout=1, transport_options=_CONNECTION
    )
    kept = pools.producers[connection]
    try:
        with kept.acquire(block=True, timeout=_POOL_WAIT_S) as producer:
            current_app.send_task(
                task,
                args=args,
                queue=queue,
                expires=expires_s,
                producer=producer,
                retry=False,
                ignore_result=True,
                soft_time_limit=limit_s,
                time_limit=None if limit_s is None else limit_s + _LAST_WORDS_S,
            )
    except (LimitExceeded, OperationalError, OSError) as failure:
        log.warning("message_not_sent", task=task, args=args, error=str(failure))
        return False
    return True
