"""Probes of whole clusters: whether each answers, its version and its resources.

One cheap call shows that a cluster does not answer, so its collections need not be
asked one by one.
"""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Final

from django.conf import settings
from django.utils import timezone

from nsadmin.errors import NsadminError
from nsadmin.health.models import ClusterLook
from nsadmin.jobs import items
from nsadmin.names import clip
from nsadmin.namespaces.models import ClusterReading, LastLook
from nsadmin.namespaces.placement.clusters import cluster_of, dedicated_of
from nsadmin.namespaces.placement.members import (
    SHARED_MEMBERS,
    Members,
    dedicated_places,
)
from nsadmin.namespaces.read import probe as observe
from nsadmin.namespaces.read import snapshots
from nsadmin.namespaces.read.counts import is_count
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant import collections, telemetry
from nsadmin.stores.qdrant.cluster import Cluster, shared

# The names of the loops in the rows of failing items.
PLACING: Final = "cluster"
SIZES: Final = "sizes"
_ODD = "Qdrant's answer is not valid."
_AT_ONCE = 8
_RESOURCES_EVERY = timedelta(minutes=5)
_COUNTED_MS = 60_000
# The run on the shared cluster notes them every 5 s.
_SPELLINGS_S = 600
# Ports that an address need not name.
_PORTS = {"http": ":80", "https": ":443"}


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


def known(url: str = "") -> dict[Cluster, Members]:
    """Return {cluster: its namespaces} from the mirror, without reading every row.

    Namespaces with a missing or refused dedicated address are left out; one of each
    organization and address is named. With a URL only the rows at this dedicated
    cluster are read, and no other one is returned beside the shared cluster.
    """
    places: dict[Cluster, list[tuple[str, str]]] = {}

    def place(group: tuple[str, str, str]) -> None:
        address, internal_id, _ = group
        cluster = dedicated_of(internal_id, address)
        places.setdefault(cluster, []).append((address, internal_id))

    groups = dedicated_places(_spellings(url) if url else None)
    items.each(PLACING, groups, place, key=itemgetter(2), is_complete=not url)
    found = {cluster: Members(tuple(at)) for cluster, at in places.items()}
    return {shared(): SHARED_MEMBERS, **found}


def note_spellings(clusters: Mapping[Cluster, Members]) -> None:
    """Keep the unusual addresses of clusters for runs that know only the URL."""
    for cluster, members in clusters.items():
        unusual = {address for address, _ in members.places} - _usual(cluster.url)
        if unusual:
            text = json.dumps(sorted(unusual))
            ephemeral.store(f"spellings:{cluster.url}", text, seconds=_SPELLINGS_S)


def _spellings(url: str) -> set[str]:
    """Return the addresses, as they are stored, that lead to a URL."""
    noted = ephemeral.load(f"spellings:{url}")
    return _usual(url).union(json.loads(noted) if noted else ())


def _usual(url: str) -> set[str]:
    """Return a URL without and with a last slash, and without a port of the scheme."""
    scheme = url.partition(":")[0]
    short = {url, url.removesuffix(_PORTS.get(scheme, ""))}
    return short | {f"{one}/" for one in short}


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


def store(found: Probe, members: Members) -> ClusterLook:
    """Store the answer of a cluster; return its row.

    Its namespaces are counted once in a minute.
    """
    now, cluster = timezone.now(), found.cluster
    row = ClusterLook.objects.filter(url=cluster.url).first()
    values: dict[str, object] = {"label": clip(cluster.label, 255), "taken_at": now}
    if row is None or redis.claim(f"members:{cluster.url}", milliseconds=_COUNTED_MS):
        values["namespaces"] = members.count()
    if found.silence:
        since = row.unknown_since if row is not None else None
        values |= {"unknown_since": since or now, "response_ms": None}
    else:
        values |= {"unknown_since": None, "answered_at": now}
        values |= {"version": found.version, "response_ms": found.response_ms}
    if row is None:
        found_row, _ = ClusterLook.objects.update_or_create(
            url=cluster.url, defaults=values
        )
        return found_row
    ClusterLook.objects.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)
    return row


def last_probe(namespace: Namespace) -> ClusterLook | None:
    """Return the last probe of the cluster that holds a namespace."""
    try:
        url = cluster_of(namespace).url
    except NsadminError:
        return None
    return ClusterLook.objects.filter(url=url).first()


def forget_others(clusters: Iterable[Cluster]) -> None:
    """Delete the probes of clusters that no longer hold a namespace."""
    urls = [cluster.url for cluster in clusters]
    for kind in (ClusterLook, ClusterReading):
        gone = kind.objects.exclude(url__in=urls)
        if gone.exists():
            gone.delete()


def ask_resources(cluster: Cluster, members: Members) -> None:
    """Store memory use and collection sizes, at most once in five minutes.

    `cluster` includes its key. The sizes come with a description of every segment, and
    nothing shorter tells them: `/metrics` has none of a single collection. So a cluster
    with very many namespaces is not asked for them.
    """
    now = timezone.now()
    row = ClusterLook.objects.filter(url=cluster.url).first()
    if row is None or row.is_too_large_for_sizes:
        return
    if row.resources_at and now - row.resources_at < _RESOURCES_EVERY:
        return
    ClusterLook.objects.filter(pk=row.pk).update(resources_at=now)
    try:
        found = telemetry.resources(cluster, timeout_s=settings.NSADMIN_PLAN_TIMEOUT_S)
    except NsadminError:
        return
    memory = found.memory if is_count(found.memory) else None
    ClusterLook.objects.filter(pk=row.pk).update(memory_bytes=memory)
    if found.sizes:
        _store_sizes(members, found.sizes)


def _store_sizes(members: Members, sizes: Mapping[str, telemetry.Size]) -> None:
    """Store the sizes that differ from those stored."""
    names = list(members.rows().values_list("pk", "collection"))
    looks = LastLook.objects.in_bulk([key for key, _ in names])
    told = {
        key: asdict(sizes[name])
        for key, name in names
        if name in sizes
        and key in looks
        and (looks[key].told.get("size") or {}).get("of") != asdict(sizes[name])
    }

    def store_size(key: str) -> None:
        snapshots.record(key, size=told[key])

    items.each(SIZES, told, store_size, key=str)
