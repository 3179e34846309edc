"""Celery shells: each calls one function and may run twice."""

from typing import Any

from celery import shared_task

from nsadmin.advice import auto_indexing
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.schedules.cluster_runs import cluster_task
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.namespaces.placement.cluster_share import (
    SHARED,
    ClusterShare,
    dedicated_urls,
)

_INDEX_CLUSTER = "nsadmin.advice.auto_indexes_cluster"
_FINISH_CLUSTER = "nsadmin.advice.finish_cluster"


@shared_task(
    name="nsadmin.advice.auto_indexes",
    ignore_result=True,
    soft_time_limit=1800,
    time_limit=1860,
)
@record_run(auto_indexing.SCHEDULE)
def auto_indexes() -> dict[str, Any]:
    """Create the indexes that filter usage asks for."""
    urls = dedicated_urls()
    sent = dispatch.send_to_clusters(_INDEX_CLUSTER, urls, expires_s=3600)
    return {**auto_indexing.run(share=SHARED).to_json(), "clusters": sent}


@cluster_task(_INDEX_CLUSTER, limit_s=300)
def auto_indexes_cluster(url: str) -> None:
    """Create such indexes on one dedicated cluster."""
    auto_indexing.run(share=ClusterShare(url))


@shared_task(
    name="nsadmin.advice.finish",
    ignore_result=True,
    soft_time_limit=120,
    time_limit=150,
)
@record_run(auto_indexing.FINISH, keep="news")
def finish() -> dict[str, Any]:
    """Measure the builds that have ended."""
    urls = auto_indexing.clusters_that_build()
    dispatch.send_to_clusters(_FINISH_CLUSTER, urls, expires_s=30)
    return {"finished": auto_indexing.finish_open(SHARED)}


@cluster_task(_FINISH_CLUSTER, limit_s=60)
def finish_cluster(url: str) -> None:
    """Measure such builds on one dedicated cluster."""
    auto_indexing.finish_open(ClusterShare(url))
