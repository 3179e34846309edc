"""The Celery application. A message only wakes a worker; job rows hold the work."""

import os
import time
from typing import Any

from celery import Celery, bootsteps
from celery.signals import (
    beat_init,
    before_task_publish,
    setup_logging,
    task_prerun,
    worker_init,
    worker_ready,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")

app = Celery("nsadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class Heartbeat(bootsteps.StartStopStep):
    """Renews the heartbeat of a worker from the loop that takes its messages."""

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        """Have the loop call it, as it calls everything that is due."""
        from nsadmin import heartbeat

        parent.timer.call_repeatedly(heartbeat.EVERY_S, heartbeat.renew)


app.steps["worker"].add(Heartbeat)


@setup_logging.connect
def use_django_logging(**_kwargs: Any) -> None:
    """Use `settings.LOGGING`, because Celery would install its own logging."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
@beat_init.connect
def check_settings(**_kwargs: Any) -> None:
    """Run the system checks, which Celery's processes do not run on their own.

    Raises SystemExit: Celery logs every Exception of a receiver and goes on.
    """
    from django.core.exceptions import ImproperlyConfigured

    from nsadmin.checks import refuse_to_serve_unready

    try:
        refuse_to_serve_unready()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


@worker_ready.connect
def tell_metrics(**_kwargs: Any) -> None:
    """Answer on NSADMIN_METRICS_PORT, if it is set."""
    from nsadmin.observability import exporter

    exporter.start()


@before_task_publish.connect
def date_message(headers: dict[str, Any], **_kwargs: Any) -> None:
    """Write the time into a message, so that its age in the queue is known."""
    from nsadmin.jobs.execution.dispatch import SENT_AT

    headers[SENT_AT] = time.time()


@task_prerun.connect
def close_broken_connections(**_kwargs: Any) -> None:
    """Close connections to the database that its server has closed meanwhile.

    Threads keep theirs from task to task; the next statement opens another one.
    """
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        is_open = connection.connection is not None and not connection.in_atomic_block
        if is_open and not connection.is_usable():
            connection.close()
