"""What Qdrant tells beside a collection: builds, shards, memory and disk.

Older and smaller servers tell less. What is not told is None, never 0.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from nsadmin.stores.qdrant.cluster import (
    Cluster,
    collection_name,
    http,
    refusal,
    translate_errors,
)

Json = dict[str, Any]
_RESIDENT = re.compile(
    r"^memory_resident_bytes(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE
)
_UNTOLD = (400, 404, 405, 501)


@dataclass(frozen=True, slots=True)
class Build:
    """An optimization that runs; `total` is None where its length is not known."""

    optimizer: str
    stage: str
    done: int | None
    total: int | None
    started_at: str


@dataclass(frozen=True, slots=True)
class Builds:
    """The optimizations of a collection; queued ones with the points they will move."""

    running: tuple[Build, ...]
    queued: int
    queued_points: int


@dataclass(frozen=True, slots=True)
class Shards:
    """How a collection is spread: shards, copies of them, those that do not serve."""

    shards: int
    replicas: int
    inactive: int
    transfers: int


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of a collection on the node that answered, by its own estimate."""

    disk: int
    memory: int


@dataclass(frozen=True, slots=True)
class Resources:
    """What a server uses: resident memory, and the size of each collection."""

    memory: int | None
    sizes: dict[str, Size]


def builds(cluster: Cluster, name: str, *, timeout_s: float) -> Builds | None:
    """Return what is being optimized, None where the server does not tell."""
    path = f"/collections/{collection_name(name)}/optimizations"
    result = _result(_get(cluster, path, timeout_s))
    return None if result is None else read_builds(result)


def read_builds(result: Json) -> Builds:
    """Return what the answer of /optimizations says."""
    summary = result.get("summary") or {}
    return Builds(
        running=tuple(_build(entry) for entry in result.get("running") or ()),
        queued=int(summary.get("queued_optimizations") or 0),
        queued_points=int(summary.get("queued_points") or 0),
    )


def _build(entry: Json) -> Build:
    progress = entry.get("progress") or {}
    leaf = _current(progress)
    return Build(
        optimizer=str(entry.get("optimizer") or ""),
        stage=str(leaf.get("name") or ""),
        done=leaf.get("done"),
        total=leaf.get("total"),
        started_at=str(progress.get("started_at") or ""),
    )


def _current(node: Json) -> Json:
    """Return the innermost operation that has begun and not ended."""
    for child in node.get("children") or ():
        if child.get("started_at") and not child.get("finished_at"):
            return _current(child)
    return node


def shards(cluster: Cluster, name: str, *, timeout_s: float) -> Shards | None:
    """Return how a collection is spread, None where the server does not tell."""
    path = f"/collections/{collection_name(name)}/cluster"
    result = _result(_get(cluster, path, timeout_s))
    if result is None:
        return None
    found = [*(result.get("local_shards") or ()), *(result.get("remote_shards") or ())]
    return Shards(
        shards=int(result.get("shard_count") or 0),
        replicas=len(found),
        inactive=sum(shard.get("state") != "Active" for shard in found),
        transfers=len(result.get("shard_transfers") or ()),
    )


def having(cluster: Cluster, name: str, vector: str, *, timeout_s: float) -> int | None:
    """Count the points that have a vector, None where the server cannot tell."""
    path = f"/collections/{collection_name(name)}/points/count"
    body = {"exact": True, "filter": {"must": [{"has_vector": vector}]}}
    with translate_errors():
        answer = http(cluster).post(path, json=body, timeout=timeout_s)
    result = _result(_heeded(answer))
    return None if result is None else int(result["count"])


def resources(cluster: Cluster, *, timeout_s: float) -> Resources:
    """Return what the server says of its memory and of each collection's size."""
    metrics = _get(cluster, "/metrics", timeout_s)
    told = _result(_get(cluster, "/telemetry?details_level=4", timeout_s))
    return Resources(
        memory=resident(metrics.text) if metrics is not None else None,
        sizes=sizes(told or {}),
    )


def resident(metrics: str) -> int | None:
    """Return the bytes in memory that the metrics name, None where they do not."""
    found = _RESIDENT.search(metrics)
    return int(float(found[1])) if found else None


def sizes(telemetry: Json) -> dict[str, Size]:
    """Return the size of each collection whose segments the telemetry describes."""
    found = {}
    collections = (telemetry.get("collections") or {}).get("collections") or ()
    for collection in collections:
        infos = list(_segments(collection))
        if infos:
            found[str(collection["id"])] = Size(
                disk=sum(int(i.get("disk_usage_bytes") or 0) for i in infos),
                memory=sum(int(i.get("ram_usage_bytes") or 0) for i in infos),
            )
    return found


def _segments(collection: Json) -> Iterator[Json]:
    for shard in collection.get("shards") or ():
        for segment in (shard.get("local") or {}).get("segments") or ():
            yield segment["info"]


def _get(cluster: Cluster, path: str, timeout_s: float) -> httpx.Response | None:
    with translate_errors():
        answer = http(cluster).get(path, timeout=timeout_s)
    return _heeded(answer)


def _heeded(answer: httpx.Response) -> httpx.Response | None:
    if answer.status_code in _UNTOLD:
        return None
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answer


def _result(answer: httpx.Response | None) -> Json | None:
    return None if answer is None else dict(answer.json()["result"])
