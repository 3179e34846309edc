"""Celery shells: each calls one function and may run twice."""

import structlog
from celery import shared_task

from nsadmin.errors import Unavailable
from nsadmin.health import sampler

log = structlog.get_logger(__name__)


@shared_task(name="nsadmin.health.sample", ignore_result=True)
def sample() -> None:
    """Look at every collection that nobody looked at lately."""
    try:
        sampler.sample()
    except Unavailable as failure:
        log.warning("sample_skipped", reason=failure.sentence)
