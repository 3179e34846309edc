"""Probes, metrics, telemetry, cluster state and builds."""

import shutil
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from nsadmin.embedded.qdrant import COMMIT, VERSION, sizes
from nsadmin.embedded.qdrant.collection import Collection
from nsadmin.embedded.qdrant.convert.config import named_vectors
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.router import Bare, Call, Plain, Server, router
from nsadmin.embedded.qdrant.segments import vector_kilobytes

DETAILED = frozenset("123456789") | {"10"}
SHARDS_LEVEL = 3


@router.reads("GET", "/")
async def root(_call: Call) -> Any:
    """Name, version and, in the commit, that this is the embedded engine."""
    title = "qdrant - vector search engine"
    return Bare({"title": title, "version": VERSION, "commit": COMMIT})


@router.reads("GET", "/healthz")
@router.reads("GET", "/livez")
async def healthz(_call: Call) -> Any:
    """The process answers."""
    return Plain("healthz check passed")


@router.reads("GET", "/readyz")
async def readyz(_call: Call) -> Any:
    """The collections can be used; shards open on demand."""
    return Plain("all shards are ready")


@router.reads("GET", "/telemetry")
async def telemetry(call: Call) -> Any:
    """The version, the collections and the answers given so far."""
    server, level = call.server, _level(call)
    collections: Json = {"number_of_collections": len(server.catalog.collections)}
    started = datetime.fromtimestamp(server.started, UTC).isoformat()
    app: Json = {"name": "qdrant", "version": VERSION, "startup": started}
    if level:
        app["system"] = _machine(server)
        collections["collections"] = [
            _described(collection, level)
            for collection in server.catalog.collections.values()
        ]
    return {
        "id": COMMIT,
        "app": app,
        "collections": collections,
        "requests": {"rest": {"responses": _responses(server)}, "grpc": _NO_GRPC},
    }


def _level(call: Call) -> int:
    text = call.query.get("details_level", "0")
    return int(text) if text in DETAILED else 0


def _machine(server: Server) -> Json:
    disk = shutil.disk_usage(server.catalog.root).total // 1024
    return {"is_docker": False, "cpu_flags": "", "disk_size": disk}


def _described(collection: Collection, level: int) -> Json:
    found = {"id": collection.name, "init_time_ms": 0, "config": collection.config}
    if level >= SHARDS_LEVEL:
        found["shards"] = [
            {"id": 0, "local": _shard(collection), "remote": [], "replicate_states": {}}
        ]
    return found


def _shard(collection: Collection) -> Json:
    """The shard with all points: its dense vectors as counted, its payloads on disk."""
    figures, dense = collection.figures(), named_vectors(collection.config)
    kilobytes = sum(
        vector_kilobytes(params, figures["vectors"].get(name, 0))
        for name, params in dense.items()
    )
    return {
        "total_optimized_points": 0,
        "num_points": figures["points_count"],
        "vectors_size_bytes": round(kilobytes * 1024),
        "payloads_size_bytes": sizes.payload_bytes(collection),
    }


_NO_GRPC: Json = {"responses": {}}


def _responses(server: Server) -> Json:
    found: dict[str, Json] = defaultdict(dict)
    for (method, template, status), count in server.answers.items():
        found[f"{method} {template}"][str(status)] = {"count": count}
    return found


@router.reads("GET", "/cluster")
async def cluster(_call: Call) -> Any:
    """There is one node."""
    return {"status": "disabled"}


@router.reads("GET", "/issues")
async def issues(_call: Call) -> Any:
    """Slow queries are not watched, so there are none to report."""
    return {"issues": []}


@router.writes("DELETE", "/issues")
async def clear_issues(_call: Call) -> Any:
    """Nothing to clear."""
    return True


@router.reads("GET", "/collections/{name}/optimizations")
async def optimizations(call: Call) -> Any:
    """The build that runs and the one that waits for its turn."""
    collection = call.catalog.get(call.names["name"])
    optimizer, figures = call.catalog.optimizer, collection.figures()
    build = optimizer.build_of(collection)
    waits = not build.working and (
        build.task is not None or optimizer.is_pending(collection)
    )
    segments = figures["segments_count"]
    queued = {
        "queued_optimizations": int(waits),
        "queued_segments": int(waits),
        "queued_points": figures["points_count"] if waits else 0,
        "idle_segments": max(0, segments - int(waits or build.working)),
    }
    running = [_running(collection, build.started)] if build.working else []
    return {"summary": queued, "running": running}


def _running(collection: Collection, started: datetime | None) -> Json:
    name = uuid.uuid5(uuid.NAMESPACE_OID, f"{collection.home.name} {started}")
    progress: Json = {"name": "Segment Optimizing"}
    if started is not None:
        progress["started_at"] = started.isoformat()
    return {
        "uuid": str(name),
        "optimizer": "indexing",
        "status": "optimizing",
        "segments": [],
        "progress": progress,
    }
