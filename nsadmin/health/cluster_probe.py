"""Probes of whole clusters: whether each answers, its version and its resources.

One cheap call shows that a cluster does not answer, so its collections need not be
asked one by one.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health.models import ClusterLook
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.namespaces.mirror import mirror
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of, dedicated_of
from nsadmin.namespaces.read import probe as observe
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.read.counts import is_count
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, telemetry
from nsadmin.stores.qdrant.cluster import Cluster, shared

# The names of the loops in the rows of failing items.
PLACING: Final = "cluster"
SIZES: Final = "sizes"
_ODD = "Qdrant's answer makes no sense."
_AT_ONCE = 8
_RESOURCES_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer of a cluster to one call; `silence` is the error message or "".

    `failure` is an unexpected error, which the call does not raise by design.
    """

    cluster: Cluster
    version: str
    response_ms: float
    silence: str
    failure: Exception | None = None


def known() -> dict[Cluster, list[str]]:
    """Return {cluster: ids of its namespaces} from the mirror.

    Namespaces with a missing or refused dedicated address are left out, and named.
    """
    rows = MirroredNamespace.objects.filter(deleted_at=None, deletion_task_id="")
    on_shared = rows.filter(tier="shared").values_list("namespace_id", flat=True)
    found: dict[Cluster, list[str]] = {shared(): list(on_shared)}

    def place(row: MirroredNamespace) -> None:
        cluster = dedicated_of(row.internal_id, row.cluster_url)
        found.setdefault(cluster, []).append(row.namespace_id)

    others = rows.exclude(tier="shared").only(
        "namespace_id", "internal_id", "cluster_url"
    )
    items.each(PLACING, others, place, key=lambda row: row.pk, is_complete=True)
    return found


def probe(clusters: Collection[Cluster]) -> Iterator[Probe]:
    """Ask each cluster for its version, in parallel; that needs no key."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(_ask, clusters)


def _ask(cluster: Cluster) -> Probe:
    began = time.perf_counter()
    version, silence, odd = "", "", None
    try:
        with observe.track_reachability(cluster):
            version = collections.version(
                cluster, timeout_s=settings.NSADMIN_SAMPLE_TIMEOUT_S
            )
    except NsadminError as failure:
        silence = failure.message
    except Exception as failure:  # noqa: BLE001 - whatever an odd answer causes
        silence, odd = _ODD, failure
    took = (time.perf_counter() - began) * 1000
    return Probe(cluster, version, took, silence, odd)


def store(found: Probe, *, namespaces: int) -> None:
    """Store the answer of a cluster, with the number of its namespaces."""
    now, cluster = timezone.now(), found.cluster
    values: dict[str, object] = {
        "label": clip(cluster.label, 255),
        "taken_at": now,
        "namespaces": namespaces,
    }
    if found.silence:
        row = ClusterLook.objects.filter(url=cluster.url).first()
        since = row.unknown_since if row is not None else None
        values |= {"unknown_since": since or now, "response_ms": None}
    else:
        values |= {"unknown_since": None, "answered_at": now}
        values |= {"version": found.version, "response_ms": found.response_ms}
    ClusterLook.objects.update_or_create(url=cluster.url, defaults=values)


def last_probe(namespace: Namespace) -> ClusterLook | None:
    """Return the last probe of the cluster that holds a namespace."""
    try:
        url = cluster_of(namespace).url
    except NsadminError:
        return None
    return ClusterLook.objects.filter(url=url).first()


def forget_others(clusters: Iterable[Cluster]) -> None:
    """Delete the probes of clusters that no longer hold a namespace."""
    ClusterLook.objects.exclude(url__in=[c.url for c in clusters]).delete()


def ask_resources(cluster: Cluster, namespace_ids: Collection[str]) -> None:
    """Store memory use and collection sizes, at most once in five minutes.

    `cluster` includes its key; `namespace_ids` are the namespaces on it.
    """
    now = timezone.now()
    row = ClusterLook.objects.filter(url=cluster.url).first()
    if row is None or (row.resources_at and now - row.resources_at < _RESOURCES_EVERY):
        return
    ClusterLook.objects.filter(pk=row.pk).update(resources_at=now)
    try:
        found = telemetry.resources(cluster, timeout_s=settings.NSADMIN_PLAN_TIMEOUT_S)
    except NsadminError:
        return
    memory = found.memory if is_count(found.memory) else None
    ClusterLook.objects.filter(pk=row.pk).update(memory_bytes=memory)
    if not found.sizes:
        return

    def store_size(mirrored: MirroredNamespace) -> None:
        namespace = mirror.read_row(mirrored)
        size = found.sizes.get(namespace.collection)
        if size is not None:
            snapshots.record(namespace.namespace_id, size=asdict(size))

    rows = MirroredNamespace.objects.select_related("document").filter(
        pk__in=namespace_ids
    )
    items.each(SIZES, rows, store_size, key=lambda row: row.pk)
