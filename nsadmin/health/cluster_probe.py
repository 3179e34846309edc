"""Clusters as a whole: which there are, whether each answers, what it uses.

One cheap call shows that a whole cluster is silent, without a call for each of its
collections to learn of that.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health.models import ClusterLook
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.clusters import cluster_of
from nsadmin.namespaces.read import mirror, snapshots
from nsadmin.namespaces.read import probe as observe
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, telemetry
from nsadmin.stores.qdrant.cluster import Cluster, dedicated, shared

_TIMEOUT_S = 1.0
_SLOW_TIMEOUT_S = 5.0
_AT_ONCE = 8
_RESOURCES_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a cluster said to one cheap call; `silence` is a sentence or empty."""

    cluster: Cluster
    version: str
    response_ms: float
    silence: str


def known() -> dict[Cluster, list[str]]:
    """Return the clusters with the ids of their namespaces, as the mirror has them.

    Whose dedicated address is missing or not allowed is on none.
    """
    rows = MirroredNamespace.objects.filter(deleted_at=None, deletion_task_id="")
    on_shared = rows.filter(tier="shared").values_list("namespace_id", flat=True)
    found: dict[Cluster, list[str]] = {shared(): list(on_shared)}
    for row in rows.exclude(tier="shared").only("namespace_id", "document"):
        infrastructure = row.document.get("infrastructure") or {}
        try:
            cluster = dedicated(str(infrastructure.get("qdrant_url") or ""), None)
        except NsadminError:
            continue
        found.setdefault(cluster, []).append(row.namespace_id)
    return found


def probe(clusters: Collection[Cluster]) -> Iterator[Probe]:
    """Ask each for its version, which needs no key; silent ones wait side by side."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(_ask, clusters)


def _ask(cluster: Cluster) -> Probe:
    began = time.perf_counter()
    version = silence = ""
    try:
        with observe.track_reachability(cluster):
            version = collections.version(cluster, timeout_s=_TIMEOUT_S)
    except NsadminError as failure:
        silence = failure.message
    took = (time.perf_counter() - began) * 1000
    return Probe(cluster, version[:64], took, silence)


def store(found: Probe, *, namespaces: int) -> None:
    """Store what a cluster said, with the number of namespaces on it."""
    now, cluster = timezone.now(), found.cluster
    values: dict[str, object] = {
        "label": cluster.label,
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
    """Return the last look at the cluster that holds a namespace."""
    try:
        url = cluster_of(namespace).url
    except NsadminError:
        return None
    return ClusterLook.objects.filter(url=url).first()


def forget_others(clusters: Iterable[Cluster]) -> None:
    """Drop what is stored of clusters that hold no namespace any more."""
    ClusterLook.objects.exclude(url__in=[c.url for c in clusters]).delete()


def ask_resources(cluster: Cluster, namespace_ids: Collection[str]) -> None:
    """Every five minutes ask what the cluster uses, and how large each collection is.

    `cluster` has its key, `namespace_ids` are of the namespaces on it.
    """
    now = timezone.now()
    row = ClusterLook.objects.filter(url=cluster.url).first()
    if row is None or (row.resources_at and now - row.resources_at < _RESOURCES_EVERY):
        return
    ClusterLook.objects.filter(pk=row.pk).update(resources_at=now)
    try:
        found = telemetry.resources(cluster, timeout_s=_SLOW_TIMEOUT_S)
    except NsadminError:
        return
    ClusterLook.objects.filter(pk=row.pk).update(memory_bytes=found.memory)
    if not found.sizes:
        return
    for mirrored in MirroredNamespace.objects.filter(pk__in=namespace_ids):
        namespace = document.read(mirror.restore_document(mirrored.document))
        size = found.sizes.get(namespace.collection)
        if size is not None:
            snapshots.record(namespace.namespace_id, size=asdict(size))
