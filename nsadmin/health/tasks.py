"""Celery shells: each calls one function and may run twice."""

import structlog
from celery import shared_task

from nsadmin.errors import Unavailable
from nsadmin.health import drifting, sampler

log = structlog.get_logger(__name__)


@shared_task(name="nsadmin.health.sample", ignore_result=True)
def sample() -> None:
    """Look at every collection that nobody looked at lately."""
    try:
        sampler.sample()
    except Unavailable as failure:
        log.warning("sample_skipped", reason=failure.sentence)


@shared_task(name="nsadmin.health.drift", ignore_result=True)
def drift() -> None:
    """Compare every namespace with Qdrant and look for collections of nobody."""
    try:
        drifting.sweep()
    except Unavailable as failure:
        log.warning("drift_skipped", reason=failure.sentence)
