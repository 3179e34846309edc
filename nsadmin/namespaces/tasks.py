"""Celery tasks of this room; each calls one function and is safe to run twice."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from nsadmin.access.support import overdue
from nsadmin.jobs import items
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.schedules.cluster_runs import cluster_task
from nsadmin.jobs.schedules.runs import record_run
from nsadmin.namespaces import expiry_news
from nsadmin.namespaces.change import recovery as healing
from nsadmin.namespaces.lifecycle import purging, reaper
from nsadmin.namespaces.listing.counting import counters
from nsadmin.namespaces.listing.counting import recount as recounting
from nsadmin.namespaces.mirror import safety
from nsadmin.namespaces.placement.cluster_share import SHARED, ClusterShare
from nsadmin.trigrams import facets

_HEAL_CLUSTER = "nsadmin.namespaces.heal_cluster"


@shared_task(
    name="nsadmin.namespaces.reconcile",
    ignore_result=True,
    soft_time_limit=900,
    time_limit=960,
)
@record_run("reconcile", keep="news")
def reconcile() -> dict[str, Any]:
    """Compare the mirror with the namespace store where that is due."""
    return {"rows": safety.run()}


@shared_task(
    name="nsadmin.namespaces.fold_counts",
    ignore_result=True,
    soft_time_limit=45,
    time_limit=60,
)
@record_run("fold_counts", keep="news")
def fold_counts() -> dict[str, Any]:
    """Add up what writers of the mirror added to the counters of lists."""
    return {"folded": counters.fold()}


@shared_task(
    name="nsadmin.namespaces.recount",
    ignore_result=True,
    soft_time_limit=300,
    time_limit=330,
)
@record_run("recount")
def recount() -> dict[str, Any]:
    """Count the lists anew, and mend counters and facets that differ."""
    return {"wrong": recounting.rebuild() + facets.mend()}


@shared_task(
    name="nsadmin.namespaces.heal",
    ignore_result=True,
    soft_time_limit=45,
    time_limit=60,
)
@record_run("heal", keep="news")
def heal() -> dict[str, Any]:
    """Finish changes that a crash or a slow index build left open."""
    if not healing.is_due():
        return {"closed": 0}
    waiting = healing.dedicated_clusters()
    dispatch.send_to_clusters(_HEAL_CLUSTER, waiting, expires_s=20)
    return {"closed": healing.heal(SHARED)}


@cluster_task(_HEAL_CLUSTER, limit_s=45)
def heal_cluster(url: str) -> None:
    """Finish such changes of the namespaces on one dedicated cluster."""
    healing.heal(ClusterShare(url))


@shared_task(
    name="nsadmin.namespaces.purge",
    ignore_result=True,
    soft_time_limit=300,
    time_limit=330,
)
@record_run("purge", keep="news")
def purge() -> dict[str, Any]:
    """Start the permanent deletion of tombstones whose grace period is over.

    Beside it, record the ends of support sessions whose time is over.
    """
    ids = overdue.overdue_ids()
    items.each("support_end", ids, overdue.record_overdue, key=str, kind="row")
    return purging.run()


@shared_task(
    name="nsadmin.namespaces.cleanup_expired",
    ignore_result=True,
    soft_time_limit=900,
    time_limit=960,
)
@record_run("cleanup_expired")
def cleanup_expired_namespaces() -> dict[str, Any]:
    """Warn of namespaces that expire soon and delete those that have expired."""
    expiry_news.write(timezone.now())
    return reaper.cleanup_expired_namespaces().to_json()
