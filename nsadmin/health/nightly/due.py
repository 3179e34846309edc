"""The namespaces that the pass at night compares, and comparing one of them."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from nsadmin.health.drift import drift_scan, vector_coverage
from nsadmin.health.models import LastComparison
from nsadmin.jobs import items
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import ClusterShare, of_share
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import UNFINISHED_CLONE
from nsadmin.stores.mongo import namespaces as store

# The name of the loop in the rows of failing items.
LOOP: Final = "drift"
# A namespace that a look compared since is left out, unless its objects were not
# searched for broken references for so long, or its comparison failed.
COMPARED_WITHIN: Final = timedelta(days=1)
REFERENCES_WITHIN: Final = timedelta(days=7)


def due_ids(
    share: ClusterShare, *, after: str, began: datetime, limit: int
) -> list[str]:
    """Return the next ids after one of namespaces that are due, in their order.

    Unfinished clones and those that are being deleted are not compared.
    """
    recent = LastComparison.objects.filter(
        namespace_id=OuterRef("namespace_id"),
        at__gte=began - COMPARED_WITHIN,
        references_at__gte=began - REFERENCES_WITHIN,
    )
    failing = items.open_failures().filter(loop=LOOP, kind="namespace")
    is_failing = Q(namespace_id__in=failing.order_by().values("item"))
    rows = MirroredNamespace.objects.filter(
        ~Exists(recent) | is_failing, namespace_id__gt=after, deleted_at=None
    ).exclude(clone_status__in=UNFINISHED_CLONE)
    ids = of_share(rows, share).order_by("namespace_id")
    return list(ids.values_list("namespace_id", flat=True)[:limit])


def compare(namespace_id: str, share: ClusterShare) -> int | None:
    """Compare one namespace; return its differences, None if its cluster is silent."""
    raw = store.get(namespace_id)
    if raw is None:
        return 0
    namespace = document.read(raw)
    is_busy = namespace.is_unfinished_clone or raw.get("deleted_at")
    if is_busy or not share.covers(namespace):
        return 0
    snapshot = probe.snapshot(namespace, wait_s=settings.NSADMIN_PAGE_TIMEOUT_S)
    refreshed = vector_coverage.refreshed(namespace, snapshot)
    found = drift_scan.scan_namespace(namespace, refreshed, references="objects")
    return len(found) if snapshot is not None and snapshot.ok else None
