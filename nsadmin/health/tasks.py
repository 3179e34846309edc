"""Celery shells: each calls one function and may run twice."""

from dataclasses import asdict
from typing import Any

from celery import shared_task

from nsadmin.health import drift_scan, sampler
from nsadmin.jobs.schedules.runs import record_run


@shared_task(name="nsadmin.health.sample", ignore_result=True)
@record_run("sample", keep="last")
def sample() -> dict[str, Any]:
    """Renew the snapshots that are due."""
    return asdict(sampler.sample())


@shared_task(name="nsadmin.health.drift", ignore_result=True)
@record_run("drift")
def drift() -> dict[str, Any]:
    """Compare every namespace with Qdrant, and find orphaned collections."""
    return asdict(drift_scan.sweep())
