"""Since when Qdrant does not answer for a namespace, the same on every page."""

from datetime import datetime

from nsadmin.namespaces.models import ClusterReading, LastLook, MirroredNamespace
from nsadmin.namespaces.placement.members import cluster_url


def silent_since(namespace_id: str, now: datetime) -> datetime:
    """Return since when a collection that does not answer `now` is unknown.

    Lists may have said so before it was asked: its row, or that of its cluster.
    """
    looks = LastLook.objects.filter(pk=namespace_id)
    since = looks.values_list("unknown_since", flat=True).first()
    if since is not None:
        return since
    row = MirroredNamespace.objects.filter(pk=namespace_id).first()
    if row is None:
        return now
    readings = ClusterReading.objects.filter(pk=cluster_url(row))
    return listed_since(row) or _of_cluster(row, readings.first()) or now


def listed_since(row: MirroredNamespace | None) -> datetime | None:
    """Return since when lists show a row as unknown; None if they do not."""
    return row.health_since if row is not None and row.health == "unknown" else None


def _of_cluster(
    row: MirroredNamespace, reading: ClusterReading | None
) -> datetime | None:
    since = reading.silent_since if reading is not None else None
    is_newer = since is not None and row.looked_at is not None and row.looked_at > since
    return None if is_newer else since
