"""Celery tasks of this room; each calls one function and is safe to run twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs.schedules.runs import record_run
from nsadmin.namespaces.change import recovery as healing
from nsadmin.namespaces.lifecycle import purging, reaper
from nsadmin.namespaces.read import mirror


@shared_task(name="nsadmin.namespaces.reconcile", ignore_result=True)
@record_run("reconcile", keep="news")
def reconcile() -> dict[str, Any]:
    """Compare the mirror with the namespace store."""
    return {"rows": mirror.reconcile()}


@shared_task(name="nsadmin.namespaces.heal", ignore_result=True)
@record_run("heal", keep="news")
def heal() -> dict[str, Any]:
    """Finish changes that a crash or a slow index build left open."""
    return {"closed": healing.heal()}


@shared_task(name="nsadmin.namespaces.purge", ignore_result=True)
@record_run("purge", keep="news")
def purge() -> dict[str, Any]:
    """Start the permanent deletion of tombstones whose grace period is over."""
    return purging.run()


@shared_task(name="nsadmin.namespaces.cleanup_expired", ignore_result=True)
@record_run("cleanup_expired")
def cleanup_expired_namespaces() -> dict[str, Any]:
    """Warn of namespaces that expire soon and delete those that have expired."""
    return reaper.cleanup_expired_namespaces().to_json()
