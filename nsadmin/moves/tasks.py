"""Celery tasks of this room; each calls one function and is safe to run twice."""

from typing import Any

from celery import shared_task

from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.schedules.cluster_runs import cluster_task
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.moves import expiry
from nsadmin.namespaces.placement.cluster_share import SHARED, ClusterShare

_EXPIRE_CLUSTER = "nsadmin.moves.expire_cluster"


@shared_task(
    name="nsadmin.moves.expire",
    ignore_result=True,
    soft_time_limit=300,
    time_limit=330,
)
@record_run("move_expiry")
def expire() -> dict[str, Any]:
    """Delete the old collections of moves once the way back is closed."""
    urls = expiry.dedicated_clusters()
    sent = dispatch.send_to_clusters(_EXPIRE_CLUSTER, urls, expires_s=1800)
    return {**expiry.run(SHARED), "clusters": sent}


@cluster_task(_EXPIRE_CLUSTER, limit_s=120)
def expire_cluster(url: str) -> None:
    """Do the same for one dedicated cluster."""
    expiry.run(ClusterShare(url))
