"""Celery shells: each calls one function and may run twice."""

from dataclasses import asdict
from typing import Any

from celery import shared_task

from nsadmin.health import drift_scan, sampler
from nsadmin.jobs.schedules.runs import recorded


@shared_task(name="nsadmin.health.sample", ignore_result=True)
@recorded("sample", keep="last")
def sample() -> dict[str, Any]:
    """Look at every collection that nobody looked at lately."""
    return asdict(sampler.sample())


@shared_task(name="nsadmin.health.drift", ignore_result=True)
@recorded("drift")
def drift() -> dict[str, Any]:
    """Compare every namespace with Qdrant and look for collections of nobody."""
    return asdict(drift_scan.sweep())
