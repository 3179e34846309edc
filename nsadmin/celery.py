"""The Celery application; a message is only a hint that a job row has work."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")

app = Celery("nsadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_django_logging(**_kwargs: Any) -> None:
    """Keep the JSON lines of `settings.LOGGING`; Celery would install its own."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
def check_settings(**_kwargs: Any) -> None:
    """Workers do not run system checks by themselves."""
    from nsadmin.checks import refuse_to_serve_unready

    refuse_to_serve_unready()
