"""Qdrant's reports on optimizations, shards, memory and disk.

Some servers lack some of these reports; the value is then None, never 0.
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
_UNSUPPORTED = (400, 404, 405, 501)


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
    result = _result(_get(cluster, path, timeout_s))
    return None if result is None else parse_optimizations(result)


def parse_optimizations(result: Json) -> Optimizations:
    """Parse the result of /optimizations."""
    summary = result.get("summary") or {}
    return Optimizations(
        running=tuple(
            _parse_optimization(entry) for entry in result.get("running") or ()
        ),
        queued=int(summary.get("queued_optimizations") or 0),
        queued_points=int(summary.get("queued_points") or 0),
    )


def _parse_optimization(entry: Json) -> Optimization:
    progress = entry.get("progress") or {}
    leaf = _current_stage(progress)
    return Optimization(
        optimizer=str(entry.get("optimizer") or ""),
        stage=str(leaf.get("name") or ""),
        done=leaf.get("done"),
        total=leaf.get("total"),
        started_at=str(progress.get("started_at") or ""),
    )


def _current_stage(node: Json) -> Json:
    """Return the innermost operation that has started and not finished."""
    for child in node.get("children") or ():
        if child.get("started_at") and not child.get("finished_at"):
            return _current_stage(child)
    return node


def shards(cluster: Cluster, name: str, *, timeout_s: float) -> Shards | None:
    """Return a collection's shards; None if the server does not report them."""
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


def count_with_vector(
    cluster: Cluster, name: str, vector: str, *, timeout_s: float
) -> int | None:
    """Count the points that have a vector; None if the server cannot count them."""
    path = f"/collections/{collection_name(name)}/points/count"
    body = {"exact": True, "filter": {"must": [{"has_vector": vector}]}}
    with translate_errors():
        answer = http(cluster).post(path, json=body, timeout=timeout_s)
    result = _result(_supported_answer(answer))
    return None if result is None else int(result["count"])


def resources(cluster: Cluster, *, timeout_s: float) -> Resources:
    """Return the server's memory use and the size of each collection."""
    metrics = _get(cluster, "/metrics", timeout_s)
    telemetry = _result(_get(cluster, "/telemetry?details_level=4", timeout_s))
    return Resources(
        memory=resident_memory(metrics.text) if metrics is not None else None,
        sizes=collection_sizes(telemetry or {}),
    )


def resident_memory(metrics: str) -> int | None:
    """Return the resident bytes in the text of /metrics; None if it has none."""
    found = _RESIDENT.search(metrics)
    return int(float(found[1])) if found else None


def collection_sizes(telemetry: Json) -> dict[str, Size]:
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
    return _supported_answer(answer)


def _supported_answer(answer: httpx.Response) -> httpx.Response | None:
    if answer.status_code in _UNSUPPORTED:
        return None
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answer


def _result(answer: httpx.Response | None) -> Json | None:
    return None if answer is None else dict(answer.json()["result"])
