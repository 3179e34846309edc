"""Find drift and store it: for one namespace at once, for all every night."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health import vector_coverage
from nsadmin.health.drift import Drift, compare
from nsadmin.health.models import DriftRow
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.namespaces.placement.clusters import cluster_of, endpoint_of
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster, shared

# Our collections have this prefix; other programs may keep collections beside them.
_COLLECTION_PREFIX = "ns_"
_TIMEOUT_S = 2.0
# These are shown but not counted, because no repair applies: they end by themselves, or
# when collections are processed again.
_UNCOUNTED = frozenset(
    {"pending", "mirror_behind", "count_behind", "tier_behind", "vector_empty"}
)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The number of differences, and of namespaces that could not be compared."""

    differences: int
    silent: int


def scan_namespace(namespace: Namespace, snapshot: Snapshot | None) -> list[Drift]:
    """Compare now, store the differences, and return them."""
    key = namespace.namespace_id
    row = MirroredNamespace.objects.filter(namespace_id=key).first()
    found = compare(namespace, snapshot, row)
    if snapshot is not None and snapshot.ok:  # else nothing is known
        _store_differences(key, "", [d for d in found if d.kind not in _UNCOUNTED])
    return found


def stored_drift(namespace: Namespace) -> list[DriftRow]:
    """Return the differences of the last comparison."""
    rows = DriftRow.objects.filter(namespace_id=namespace.namespace_id, cluster="")
    return list(rows.order_by("pk"))


def _store_differences(namespace_id: str, cluster: str, found: Sequence[Drift]) -> None:
    now = timezone.now()
    stored = {
        (row.kind, row.subject): row
        for row in DriftRow.objects.filter(namespace_id=namespace_id, cluster=cluster)
    }
    with transaction.atomic():
        for drift in found:
            row = stored.pop((drift.kind, drift.subject), None)
            if row is None:
                _insert(namespace_id, cluster, drift, now)
            else:
                DriftRow.objects.filter(pk=row.pk).update(
                    **_values(drift), last_seen=now
                )
        if stored:
            DriftRow.objects.filter(pk__in=[row.pk for row in stored.values()]).delete()
        if namespace_id:
            MirroredNamespace.objects.filter(namespace_id=namespace_id).exclude(
                differences=len(found)
            ).update(differences=len(found))


def _values(drift: Drift) -> dict[str, str]:
    return {
        "wanted": drift.wanted[:255],
        "actual": drift.actual[:255],
        "shown": drift.shown[:255],
        "right": drift.right,
        "way": drift.way,
        "sentence": drift.sentence[:1000],
    }


def _insert(namespace_id: str, cluster: str, drift: Drift, now: datetime) -> None:
    DriftRow.objects.get_or_create(
        namespace_id=namespace_id,
        cluster=cluster,
        kind=drift.kind,
        subject=drift.subject,
        defaults={**_values(drift), "first_seen": now, "last_seen": now},
    )


def sweep(share: ClusterShare = EVERY) -> SweepResult:
    """Compare every namespace of this share; find collections that belong to none."""
    known: dict[Cluster, set[str]] = {shared(): set()}
    opened = {shared()}
    differences = silent = 0
    ids = set()
    for raw in store.every():
        namespace = document.read(raw)
        ids.add(namespace.namespace_id)
        with suppress(NsadminError):  # the snapshot has the error
            known.setdefault(endpoint_of(namespace), set()).add(namespace.collection)
            opened.add(cluster_of(namespace))
        if namespace.clone_status == "cloning" or raw.get("deleted_at"):
            continue
        if not share.covers(namespace):
            continue
        snapshot = probe.snapshot(namespace, wait_s=_TIMEOUT_S)
        found = scan_namespace(
            namespace, vector_coverage.refreshed(namespace, snapshot)
        )
        if snapshot is None or not snapshot.ok:
            silent += 1
        else:
            differences += len(found)
    _delete_stale(ids, known)
    asked = [cluster for cluster in opened if share.covers_cluster(cluster)]
    differences += sum(_orphans(cluster, known[cluster]) for cluster in asked)
    return SweepResult(differences, silent)


def _delete_stale(ids: Collection[str], clusters: Iterable[Cluster]) -> None:
    """Delete rows of deleted namespaces, and of clusters that no namespace uses."""
    DriftRow.objects.exclude(namespace_id="").exclude(namespace_id__in=ids).delete()
    labels = [cluster.label for cluster in clusters]
    DriftRow.objects.filter(namespace_id="").exclude(cluster__in=labels).delete()


def _point_count_text(cluster: Cluster, name: str) -> str:
    """Return the number of points of a collection in words."""
    try:
        found = collections.get(cluster, name, timeout_s=_TIMEOUT_S)
    except NsadminError:
        return "an unknown number of points"
    count = found.points if found is not None else 0
    return "1 point" if count == 1 else f"{count:,} points"


def _orphans(cluster: Cluster, known: set[str]) -> int:
    """Store the collections with our prefix that belong to no namespace; count them."""
    try:
        present = collections.names(cluster)
    except NsadminError:
        return 0
    found = [
        Drift(
            kind="orphan",
            subject=name,
            actual=_point_count_text(cluster, name),
            right="nobody",
            way="look",
        )
        for name in present
        if name.startswith(_COLLECTION_PREFIX) and name not in known
    ]
    _store_differences("", cluster.label, found)
    return len(found)
