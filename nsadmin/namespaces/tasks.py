"""Celery shells: each calls one function and may run twice."""

import structlog
from celery import shared_task

from nsadmin.errors import Unavailable
from nsadmin.namespaces import deletion_tombstones, mirror, reaper
from nsadmin.namespaces import heal as healing

log = structlog.get_logger(__name__)


@shared_task(name="nsadmin.namespaces.reconcile", ignore_result=True)
def reconcile() -> None:
    """Compare the mirror with the namespace store."""
    try:
        mirror.reconcile()
    except Unavailable as failure:
        log.warning("reconcile_skipped", reason=failure.sentence)


@shared_task(name="nsadmin.namespaces.heal", ignore_result=True)
def heal() -> None:
    """Close what a crash or a slow build left open."""
    try:
        healing.heal()
    except Unavailable as failure:
        log.warning("heal_skipped", reason=failure.sentence)


@shared_task(name="nsadmin.namespaces.purge", ignore_result=True)
def purge() -> None:
    """Delete for good the tombstones whose grace is over."""
    deletion_tombstones.purge_due()


@shared_task(name="nsadmin.namespaces.cleanup_expired", ignore_result=True)
def cleanup_expired_namespaces() -> None:
    """Warn of what ends soon, delete what has ended."""
    try:
        reaper.cleanup_expired_namespaces()
    except Unavailable as failure:
        log.warning("cleanup_skipped", reason=failure.sentence)
