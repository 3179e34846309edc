"""Celery shells: each calls one function and may run twice."""

from dataclasses import asdict
from typing import Any

from celery import shared_task

from nsadmin.health.nightly import passes
from nsadmin.health.sampling import cluster_probe, counting, resting, sampler
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
    known = cluster_probe.known()
    urls = resting.awake(known)
    sent = dispatch.send_to_clusters(_SAMPLE_CLUSTER, urls, expires_s=15)
    return {**asdict(sampler.sample(SHARED, known)), "clusters": sent}


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
    soft_time_limit=120,
    time_limit=150,
)
@record_run("drift")
def drift() -> dict[str, Any]:
    """Begin to compare what no look compared, and to find orphaned collections."""
    shares = [SHARED, *(ClusterShare(url) for url in dedicated_urls())]
    for share in shares:
        passes.begin(share)
    passes.forget_others(shares)
    return _go_on()


@shared_task(
    name="nsadmin.health.drift_slices",
    ignore_result=True,
    soft_time_limit=120,
    time_limit=150,
)
@record_run("drift_slices", keep="news")
def drift_slices() -> dict[str, Any]:
    """Go on with what `drift` has begun, from its last checkpoint."""
    return _go_on()


def _go_on() -> dict[str, Any]:
    urls = passes.open_urls()
    sent = dispatch.send_to_clusters(_DRIFT_CLUSTER, urls, expires_s=55)
    return {**asdict(passes.go_on(SHARED)), "clusters": sent}


@cluster_task(_DRIFT_CLUSTER, limit_s=60)
def drift_cluster(url: str) -> None:
    """Do the same for one dedicated cluster."""
    passes.go_on(ClusterShare(url))
