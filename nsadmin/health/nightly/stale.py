"""What was stored about namespaces and clusters that are no more, deleted in slices."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from nsadmin.health.models import DriftRow, LastComparison
from nsadmin.jobs.trimming import delete_in_slices
from nsadmin.namespaces.mirror import bootstrap
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import dedicated_labels
from nsadmin.stores.qdrant.cluster import shared


def delete(began: datetime) -> None:
    """Delete rows of deleted namespaces, and of clusters that no namespace uses.

    A row that was seen since the pass began may be of a new namespace. While the mirror
    is not filled it proves nothing.
    """
    if not bootstrap.is_filled():
        return
    key = OuterRef("namespace_id")
    gone = ~Exists(MirroredNamespace.objects.filter(namespace_id=key))
    rows = DriftRow.objects.filter(gone, last_seen__lt=began).exclude(namespace_id="")
    delete_in_slices(rows)
    delete_in_slices(LastComparison.objects.filter(gone, at__lt=began))
    labels = {shared().label, *dedicated_labels()}
    delete_in_slices(
        DriftRow.objects.filter(kind="orphan", namespace_id="").exclude(
            cluster__in=labels
        )
    )
