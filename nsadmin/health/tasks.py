"""Celery shells: each calls one function and may run twice."""

from dataclasses import asdict
from typing import Any

from celery import shared_task

from nsadmin.health import drift_scan, sampler
from nsadmin.health.sampling import counting
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.schedules.cluster_runs import cluster_task
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.namespaces.placement.cluster_share import (
    SHARED,
    ClusterShare,
    dedicated_urls,
)

_SAMPLE_CLUSTER = "nsadmin.health.sample_cluster"
_COUNT_CLUSTER = "nsadmin.health.count_cluster"
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
    name="nsadmin.health.count",
    ignore_result=True,
    soft_time_limit=120,
    time_limit=135,
)
@record_run("count", keep="last")
def count() -> dict[str, Any]:
    """Compare the counts of every cluster that are due with the lists."""
    urls = counting.due_urls(dedicated_urls())
    sent = dispatch.send_to_clusters(_COUNT_CLUSTER, urls, expires_s=30)
    return {**asdict(counting.count(SHARED)), "clusters": sent}


@cluster_task(_COUNT_CLUSTER, limit_s=120)
def count_cluster(url: str) -> None:
    """Do the same for one dedicated cluster."""
    counting.count(ClusterShare(url))


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
