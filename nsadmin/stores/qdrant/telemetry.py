"""Qdrant's reports on optimizations, shards, memory and disk.

Some servers lack some of these reports; the value is then None, never 0.
"""

import re
from dataclasses import dataclass
from typing import Any

from nsadmin.stores.qdrant import point_answers, reports
from nsadmin.stores.qdrant.answers import (
    LARGEST,
    Count,
    MaybeCount,
    Name,
    Part,
    Some,
    Text,
    read,
)
from nsadmin.stores.qdrant.cluster import (
    Cluster,
    collection_name,
    http,
    translate_errors,
)
from nsadmin.stores.qdrant.sizes import DataSize, disk_of, size_of

__all__ = ["DataSize", "disk_of", "size_of"]

_MOST_RUNNING = 100
_RESIDENT = re.compile(
    r"^memory_resident_bytes(?:\{[^}\n]{0,500}\})? ([0-9.e+]{1,40})$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Optimization:
    """A running optimization; `total` is None if its length is not known."""

    optimizer: str
    stage: str
    done: int | None
    total: int | None
    started_at: str


@dataclass(frozen=True, slots=True)
class Optimizations:
    """A collection's running optimizations, and the queued ones with their points."""

    running: tuple[Optimization, ...]
    queued: int
    queued_points: int


@dataclass(frozen=True, slots=True)
class Shards:
    """The numbers of shards, of replicas, and of inactive replicas and transfers."""

    shards: int
    replicas: int
    inactive: int
    transfers: int


@dataclass(frozen=True, slots=True)
class Size:
    """A collection's bytes on the node that answered, as that node estimates."""

    disk: int
    memory: int


@dataclass(frozen=True, slots=True)
class Resources:
    """A server's resident memory in bytes, and the size of each collection."""

    memory: int | None
    sizes: dict[str, Size]


def optimizations(
    cluster: Cluster, name: str, *, timeout_s: float
) -> Optimizations | None:
    """Return a collection's optimizations; None if the server does not report them."""
    path = f"/collections/{collection_name(name)}/optimizations"
    found = reports.result(reports.get(cluster, path, timeout_s))
    return None if found is None else parse_optimizations(found)


class _Summary(Part):
    queued_optimizations: Count = 0
    queued_points: Count = 0


class _Stage(Part):
    name: Text = ""
    done: MaybeCount = None
    total: MaybeCount = None
    started_at: Text = ""
    finished_at: Text = ""
    children: "Some[_Stage]"


class _Running(Part):
    optimizer: Text = ""
    progress: _Stage | None = None


class _Optimizations(Part):
    summary: _Summary | None = None
    running: Some[_Running]


def parse_optimizations(result: Any) -> Optimizations:
    """Parse the result of /optimizations; at most 100 running ones are kept."""
    found = read(_Optimizations, result)
    summary = found.summary or read(_Summary, {})
    return Optimizations(
        running=tuple(_optimization(entry) for entry in found.running[:_MOST_RUNNING]),
        queued=summary.queued_optimizations,
        queued_points=summary.queued_points,
    )


def _optimization(entry: _Running) -> Optimization:
    whole = entry.progress or read(_Stage, {})
    leaf = _current_stage(whole)
    return Optimization(
        optimizer=entry.optimizer,
        stage=leaf.name,
        done=leaf.done,
        total=leaf.total,
        started_at=whole.started_at,
    )


def _current_stage(stage: _Stage) -> _Stage:
    """Return the innermost operation that has started and not finished."""
    for child in stage.children:
        if child.started_at and not child.finished_at:
            return _current_stage(child)
    return stage


class _Replica(Part):
    state: Text = ""


class _Cluster(Part):
    shard_count: Count = 0
    local_shards: Some[_Replica]
    remote_shards: Some[_Replica]
    shard_transfers: Some[Any]


def shards(cluster: Cluster, name: str, *, timeout_s: float) -> Shards | None:
    """Return a collection's shards; None if the server does not report them."""
    path = f"/collections/{collection_name(name)}/cluster"
    found = reports.result(reports.get(cluster, path, timeout_s))
    if found is None:
        return None
    told = read(_Cluster, found)
    replicas = [*told.local_shards, *told.remote_shards]
    return Shards(
        shards=told.shard_count,
        replicas=len(replicas),
        inactive=sum(replica.state != "Active" for replica in replicas),
        transfers=len(told.shard_transfers),
    )


def count_with_vector(
    cluster: Cluster, name: str, vector: str, *, timeout_s: float
) -> int | None:
    """Count the points that have a vector; None if the server cannot count them."""
    path = f"/collections/{collection_name(name)}/points/count"
    body = {"exact": True, "filter": {"must": [{"has_vector": vector}]}}
    with translate_errors():
        answer = http(cluster).post(path, json=body, timeout=timeout_s)
    found = reports.result(reports.supported(answer))
    return None if found is None else point_answers.count(found)


def resources(cluster: Cluster, *, timeout_s: float) -> Resources:
    """Return the server's memory use and the size of each collection."""
    metrics = reports.get(cluster, "/metrics", timeout_s)
    telemetry = reports.result(
        reports.get(cluster, "/telemetry?details_level=4", timeout_s)
    )
    text = metrics.content.decode(errors="replace") if metrics is not None else ""
    return Resources(
        memory=resident_memory(text),
        sizes=collection_sizes({} if telemetry is None else telemetry),
    )


def resident_memory(metrics: str) -> int | None:
    """Return the resident bytes in the text of /metrics; None if it has none."""
    found = _RESIDENT.search(metrics)
    try:
        told = round(float(found[1])) if found else None
    except (ValueError, OverflowError):  # 1e999 is infinite
        return None
    return told if told is None or told <= LARGEST else None


class _Usage(Part):
    disk_usage_bytes: Count = 0
    ram_usage_bytes: Count = 0


class _Segment(Part):
    info: _Usage


class _Local(Part):
    segments: Some[_Segment]


class _Shard(Part):
    local: _Local | None = None


class _Collection(Part):
    id: Name = ""
    shards: Some[_Shard]


class _Collections(Part):
    collections: Some[_Collection]


class _Telemetry(Part):
    collections: _Collections | None = None


def collection_sizes(telemetry: Any) -> dict[str, Size]:
    """Return the size of each collection whose segments the telemetry describes."""
    found = {}
    described = read(_Telemetry, telemetry).collections
    for collection in described.collections if described else ():
        locals_ = [shard.local for shard in collection.shards if shard.local]
        infos = [segment.info for local in locals_ for segment in local.segments]
        if infos:
            found[collection.id] = Size(
                disk=min(sum(i.disk_usage_bytes for i in infos), LARGEST),
                memory=min(sum(i.ram_usage_bytes for i in infos), LARGEST),
            )
    return found
