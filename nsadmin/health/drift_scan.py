"""Find drift and store it: for one namespace at once, for all every night."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health import reference_drift, vector_coverage
from nsadmin.health.drift import Drift, compare
from nsadmin.health.models import DriftRow
from nsadmin.health.reference_drift import Reach
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import EVERY, ClusterShare
from nsadmin.namespaces.placement.clusters import cluster_of, endpoint_of
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace, Raw
from nsadmin.namespaces.schema.moving import elsewhere
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import Cluster, shared

# Our collections have this prefix; other programs may keep collections beside them.
_COLLECTION_PREFIX = "ns_"
# The names of the loops in the rows of failing items.
LOOP: Final = "drift"
PLACING: Final = "drift_place"
# Differences of one namespace, and orphans of one cluster, that are stored.
MOST_STORED = 500
_VALUES = ("wanted", "actual", "shown", "right", "way", "sentence")
# These are shown but not counted, because no repair applies: they end by themselves, or
# when collections are processed again.
_UNCOUNTED = frozenset(
    {"pending", "mirror_behind", "count_behind", "tier_behind", "vector_empty"}
)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The number of differences, and of namespaces that could not be compared.

    `failed` counts namespaces and clusters at which the comparison itself failed.
    """

    differences: int
    silent: int
    failed: int = 0


def scan_namespace(
    namespace: Namespace, snapshot: Snapshot | None, *, references: Reach = "stored"
) -> list[Drift]:
    """Compare now, store the differences, and return them.

    `references` says how far broken references are looked for.
    """
    key = namespace.namespace_id
    row = MirroredNamespace.objects.filter(namespace_id=key).first()
    found = compare(namespace, snapshot, row)
    found += reference_drift.differences(key, references)
    if snapshot is not None and snapshot.ok:  # else nothing is known
        store_differences(key, "", [d for d in found if d.kind not in _UNCOUNTED])
    return bounded(found)


def bounded(found: Sequence[Drift]) -> list[Drift]:
    """Return at most MOST_STORED differences, and one that counts the others."""
    more = len(found) - MOST_STORED
    if more <= 0:
        return list(found)
    rest = Drift(kind="more", actual=f"{more:,}", right="nobody", way="look")
    return [*found[:MOST_STORED], rest]


def stored_drift(namespace: Namespace) -> list[DriftRow]:
    """Return the differences of the last comparison."""
    rows = DriftRow.objects.filter(namespace_id=namespace.namespace_id, cluster="")
    return list(rows.order_by("pk"))


def store_differences(namespace_id: str, cluster: str, found: Sequence[Drift]) -> None:
    """Store at most MOST_STORED differences in bulk; delete those that are gone."""
    now = timezone.now()
    rows = {
        (drift.kind, items.storable_key(drift.subject)): drift
        for drift in bounded(found)
    }
    stored = DriftRow.objects.filter(namespace_id=namespace_id, cluster=cluster)
    with transaction.atomic():
        DriftRow.objects.bulk_create(
            (
                DriftRow(
                    namespace_id=namespace_id,
                    cluster=cluster,
                    kind=kind,
                    subject=subject,
                    first_seen=now,
                    last_seen=now,
                    **_values(drift),
                )
                for (kind, subject), drift in rows.items()
            ),
            update_conflicts=True,
            unique_fields=["namespace_id", "cluster", "kind", "subject"],
            update_fields=["last_seen", *_VALUES],
            batch_size=500,
        )
        stored.filter(last_seen__lt=now).delete()
        if namespace_id:
            MirroredNamespace.objects.filter(namespace_id=namespace_id).exclude(
                differences=len(found)
            ).update(differences=len(found))


def _values(drift: Drift) -> dict[str, str]:
    return {
        "wanted": clip(drift.wanted, 255),
        "actual": clip(drift.actual, 255),
        "shown": clip(drift.shown, 255),
        "right": drift.right,
        "way": drift.way,
        "sentence": clip(drift.sentence, 1000),
    }


def sweep(share: ClusterShare = EVERY) -> SweepResult:
    """Compare every namespace of this share; find collections that belong to none."""
    began = timezone.now()
    run = _Sweep(share)
    placed = items.each(PLACING, store.every(), run.place, key=itemgetter("_id"))
    # Read again one by one: the store keeps no cursor as long as comparisons take.
    is_complete = share == EVERY
    tally = items.each(LOOP, run.due, run.compare, key=str, is_complete=is_complete)
    _delete_stale(run.ids, run.known, began)
    clusters = items.each(
        LOOP,
        [cluster for cluster in run.opened if share.covers_cluster(cluster)],
        run.find_orphans,
        key=lambda cluster: cluster.url,
        kind="cluster",
    )
    failed = placed.failed + tally.failed + clusters.failed
    return SweepResult(run.differences, run.silent, failed)


class _Sweep:
    """One comparison of everything.

    `ids` has every namespace, `due` the stored ids of those to compare, `known` the
    collections of each cluster that belong to one, `unplaced` those of namespaces whose
    cluster cannot be read: they count as owned.
    """

    def __init__(self, share: ClusterShare) -> None:
        self._share = share
        self.differences = self.silent = 0
        self.ids: list[str] = []
        self.due: list[Any] = []
        self.known: dict[Cluster, set[str]] = {shared(): set()}
        self.opened = {shared()}
        self.unplaced: set[str] = set()

    def place(self, raw: Raw) -> None:
        """Note the place of a namespace's collection, and whether to compare it."""
        self.ids.append(str(raw["_id"]))
        self.unplaced |= _collection_names(raw)
        namespace = document.read(raw)
        with suppress(NsadminError):  # the snapshot has the error
            at = endpoint_of(namespace)
            self.known.setdefault(at, set()).add(namespace.collection)
            self.unplaced -= _collection_names(raw)
            self.opened.add(cluster_of(namespace))
        is_busy = namespace.clone_status == "cloning" or raw.get("deleted_at")
        if not is_busy and self._share.covers(namespace):
            self.due.append(raw["_id"])

    def compare(self, namespace_id: Any) -> None:
        """Compare one namespace."""
        raw = store.get(namespace_id)
        if raw is None:
            return
        namespace = document.read(raw)
        snapshot = probe.snapshot(namespace, wait_s=settings.NSADMIN_PAGE_TIMEOUT_S)
        refreshed = vector_coverage.refreshed(namespace, snapshot)
        found = scan_namespace(namespace, refreshed, references="objects")
        if snapshot is None or not snapshot.ok:
            self.silent += 1
        else:
            self.differences += len(found)

    def find_orphans(self, cluster: Cluster) -> None:
        """Store the collections with our prefix that belong to no namespace."""
        try:
            present = collections.names(cluster)
        except NsadminError:
            return  # its silence is known from the probes
        known = self.known[cluster] | self.unplaced
        ours = (name for name in present if name.startswith(_COLLECTION_PREFIX))
        # A namespace may have been created since the documents were read.
        orphans = sorted(
            name for name in ours if name not in known and not _is_owned(cluster, name)
        )
        found = [_orphan(cluster, name) for name in orphans[:MOST_STORED]]
        unasked = [_orphan(None, name) for name in orphans[MOST_STORED:]]
        store_differences("", cluster.label, [*found, *unasked])
        self.differences += len(orphans)


def _is_owned(cluster: Cluster, collection: str) -> bool:
    """Tell whether a stored document has its collection there, as far as known.

    A namespace that moves has two, and for some days afterwards.
    """
    for raw in store.find_by_collection(collection):
        namespace = document.read(raw)
        for placed in (namespace, *elsewhere(namespace)):
            try:
                if endpoint_of(placed) == cluster:
                    return True
            except NsadminError:
                return True
    return False


def _collection_names(raw: Raw) -> set[str]:
    """Return the names that a document's collection may have, however odd it is."""
    infrastructure = raw.get("infrastructure")
    named = infrastructure if isinstance(infrastructure, dict) else {}
    return {str(raw["_id"]), str(named.get("qdrant_collection"))}


def _delete_stale(
    ids: Collection[str], clusters: Iterable[Cluster], began: datetime
) -> None:
    """Delete rows of deleted namespaces, and of clusters that no namespace uses.

    A row that was seen since the sweep began may be of a new namespace.
    """
    old = DriftRow.objects.filter(last_seen__lt=began)
    old.exclude(namespace_id="").exclude(namespace_id__in=ids).delete()
    labels = [cluster.label for cluster in clusters]
    DriftRow.objects.filter(namespace_id="").exclude(cluster__in=labels).delete()


def _point_count_text(cluster: Cluster, name: str) -> str:
    """Return the number of points of a collection in words."""
    try:
        found = collections.get(
            cluster, name, timeout_s=settings.NSADMIN_PAGE_TIMEOUT_S
        )
    except NsadminError:
        return "an unknown number of points"
    count = found.points if found is not None else 0
    return "1 point" if count == 1 else f"{count:,} points"


def _orphan(cluster: Cluster | None, name: str) -> Drift:
    """Return a collection without a namespace; a given cluster counts its points."""
    points = "an unknown number of points"
    if cluster is not None:
        points = _point_count_text(cluster, name)
    return Drift(kind="orphan", subject=name, actual=points, right="nobody", way="look")
