"""Celery shells: each calls one function and may run twice."""

import structlog
from celery import shared_task

from nsadmin.advice import auto
from nsadmin.errors import Unavailable

log = structlog.get_logger(__name__)


@shared_task(name="nsadmin.advice.auto_indexes", ignore_result=True)
def auto_indexes(slot: str | None = None) -> None:
    """Create the indexes that filter usage asks for."""
    try:
        auto.run(slot=slot)
    except Unavailable as failure:
        log.warning("auto_indexes_skipped", reason=failure.sentence)


@shared_task(name="nsadmin.advice.finish", ignore_result=True)
def finish() -> None:
    """Measure the builds that have ended."""
    auto.finish_open()
