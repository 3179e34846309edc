"""Celery shells: each calls one function and may run twice."""

from dataclasses import asdict
from typing import Any

from celery import shared_task

from nsadmin.health import drift_scan, sampler
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.schedules.cluster_runs import cluster_task
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.namespaces.placement.cluster_share import (
    SHARED,
    ClusterShare,
    dedicated_urls,
)

_SAMPLE_CLUSTER = "nsadmin.health.sample_cluster"
_DRIFT_CLUSTER = "nsadmin.health.drift_cluster"


@shared_task(
    name="nsadmin.health.sample",
    ignore_result=True,
    soft_time_limit=60,
    time_limit=75,
)
@record_run("sample", keep="last")
def sample() -> dict[str, Any]:
    """Renew the snapshots that are due."""
    urls = dedicated_urls()
    sent = dispatch.send_to_clusters(_SAMPLE_CLUSTER, urls, expires_s=15)
    return {**asdict(sampler.sample(SHARED)), "clusters": sent}


@cluster_task(_SAMPLE_CLUSTER, limit_s=30)
def sample_cluster(url: str) -> None:
    """Renew the due snapshots of one dedicated cluster."""
    sampler.sample(ClusterShare(url))


@shared_task(
    name="nsadmin.health.drift",
    ignore_result=True,
    soft_time_limit=3300,
    time_limit=3360,
)
@record_run("drift")
def drift() -> dict[str, Any]:
    """Compare every namespace with Qdrant, and find orphaned collections."""
    urls = dedicated_urls()
    sent = dispatch.send_to_clusters(_DRIFT_CLUSTER, urls, expires_s=3600)
    return {**asdict(drift_scan.sweep(SHARED)), "clusters": sent}


@cluster_task(_DRIFT_CLUSTER, limit_s=300)
def drift_cluster(url: str) -> None:
    """Do the same for one dedicated cluster."""
    drift_scan.sweep(ClusterShare(url))
