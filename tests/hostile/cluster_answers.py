"""What a Qdrant answers to each call when all is well, and ways to spoil an answer."""

import json
import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

COLLECTION = "ns_fine"
VECTOR = {"size": 4, "distance": "Cosine"}
MANY = 20_000
DEEP = 200_000
_POINT = {"id": 1, "payload": {"title": "one"}, "vector": {"v": [0.1, 0.2, 0.3, 0.4]}}
_SEGMENT = {"info": {"disk_usage_bytes": 1000, "ram_usage_bytes": 10}}
_SHARD = {"shard_id": 0, "points_count": 3, "state": "Active"}
_DONE = {"operation_id": 7, "status": "completed"}
_COLLECTION: Json = {
    "status": "green",
    "optimizer_status": "ok",
    "points_count": 3,
    "indexed_vectors_count": 3,
    "segments_count": 2,
    "config": {
        "params": {"vectors": {"v": VECTOR}, "shard_number": 1},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
        "optimizer_config": {"deleted_threshold": 0.2, "flush_interval_sec": 5},
        "metadata": {"namespace_id": COLLECTION},
    },
    "payload_schema": {"title": {"data_type": "keyword", "points": 3}},
}
_OPTIMIZATIONS: Json = {
    "summary": {"queued_optimizations": 1, "queued_points": 3},
    "running": [
        {
            "optimizer": "indexing",
            "progress": {
                "name": "Segment Optimizing",
                "started_at": "2026-11-20T14:00:00Z",
                "children": [
                    {"name": "v", "started_at": "2026-11-20", "done": 1, "total": 3}
                ],
            },
        }
    ],
}
_CLUSTER: Json = {
    "shard_count": 1,
    "local_shards": [_SHARD],
    "remote_shards": [],
    "shard_transfers": [],
}
_LOCAL: Json = {"segments": [_SEGMENT], "vectors_size_bytes": 9}
_TELEMETRY: Json = {
    "app": {"system": {"disk_size": 1000}},
    "collections": {"collections": [{"id": COLLECTION, "shards": [{"local": _LOCAL}]}]},
}
_SNAPSHOT: Json = {"name": "a.snapshot", "size": 9, "checksum": "0" * 64}
METRICS = f"""# TYPE collections_total gauge
collections_total 1
collection_points{{id="{COLLECTION}"}} 3
collection_vectors{{collection="{COLLECTION}",vector="v"}} 3
collection_running_optimizations{{id="{COLLECTION}"}} 0
collection_dead_replicas 0
memory_resident_bytes 1.5e+08
"""
# {end of the path: result}, the first that fits; None is the end of every path.
_RESULTS: tuple[tuple[str, Any], ...] = (
    ("/collections", {"collections": [{"name": COLLECTION}]}),
    ("/points/count", {"count": 3}),
    ("/points", [_POINT]),
    ("/points/scroll", {"points": [_POINT], "next_page_offset": None}),
    ("/points/query/batch", [{"points": [_POINT]}]),
    ("/facet", {"hits": [{"value": "one", "count": 3}]}),
    ("/points/query", {"points": [{**_POINT, "version": 3, "score": 0.5}]}),
    ("/optimizations", _OPTIMIZATIONS),
    ("/cluster", _CLUSTER),
    ("/telemetry", _TELEMETRY),
    ("/aliases", {"aliases": [{"alias_name": "a", "collection_name": COLLECTION}]}),
    ("/shards", {"shard_keys": [{"key": "a"}]}),
)


def healthy(method: str, path: str) -> Any:
    """Return the body of a good answer; text of what is no JSON, else what becomes it."""
    path = path.partition("?")[0]
    if path == "/":
        return {"title": "qdrant - vector search engine", "version": "1.18.3"}
    if path.endswith("/snapshot"):
        return "an archive"
    if path == "/metrics":
        return METRICS
    ends = (result for end, result in _RESULTS if path.endswith(end))
    result = _of_snapshots(method, path) or next(ends, None)
    if result is None:
        is_collection = re.fullmatch("/collections/[^/]+", path) is not None
        result = _COLLECTION if is_collection and method == "GET" else None
        result = True if is_collection and result is None else result or _DONE
    return {"result": result, "status": "ok", "time": 0.001}


def _of_snapshots(method: str, path: str) -> Any:
    if path.endswith("/snapshots"):
        return [_SNAPSHOT] if method == "GET" else _SNAPSHOT
    return "/snapshots/" in path or None


Spoiler = Callable[[Any, str], Any]


def _with_result(spoiled: Any) -> Spoiler:
    return lambda body, _path: {**body, "result": spoiled} if _is_json(body) else ""


def _is_json(body: Any) -> bool:
    return isinstance(body, dict)


def inside_out(body: Any, _path: str = "") -> Any:
    """Replace every value that is not an object by a list, and every list by a text."""
    if isinstance(body, dict):
        return {key: inside_out(value) for key, value in body.items()}
    return "text" if isinstance(body, list) else [[body]]


def endless_cursor(body: Any, path: str) -> Any:
    """Let every page be followed by the same page again."""
    if not path.partition("?")[0].endswith("/points/scroll"):
        return body
    return {**body, "result": {**body["result"], "next_page_offset": 1}}


def many_fields(body: Any, _path: str) -> Any:
    """Let every list and object of an answer's result have 20,000 more entries."""
    if not _is_json(body) or not isinstance(body.get("result"), dict):
        return body
    return {**body, "result": _many(body["result"])}


def _many(value: Any) -> Any:
    if isinstance(value, list):
        return value[:1] * MANY
    if not isinstance(value, dict):
        return value
    grown = {key: _many(one) for key, one in value.items() if key != "payload_schema"}
    entry = {"data_type": "keyword", "points": 3}
    if "payload_schema" in value:
        grown["payload_schema"] = {f"f{n}": entry for n in range(MANY)}
    if "vectors" in value:
        grown["vectors"] = {f"v{n}": VECTOR for n in range(MANY)}
    return grown


def long_names(body: Any, _path: str) -> Any:
    """Let names and texts have NUL and 100,000 characters."""
    if isinstance(body, dict):
        odd = {
            f"{k}\0{'x' * 100_000}": v for k, v in body.items() if k in ("v", "title")
        }
        kept = {k: v for k, v in body.items() if k not in ("v", "title")}
        return {key: long_names(value, "") for key, value in (kept | odd).items()}
    if isinstance(body, list):
        return [long_names(value, "") for value in body]
    return f"{body}\0{'x' * 100_000}" if isinstance(body, str) else body


def odd_number(text: str) -> Callable[[bytes], bytes]:
    """Return what puts the text in the place of every number of a body."""

    def spoil(body: bytes) -> bytes:
        return re.sub(rb"(?<=[: ])\d[\d.e+]*(?=[,}\]\s])", text.encode(), body)

    return spoil


SPOILERS: dict[str, Spoiler] = {
    "list": lambda _body, _path: [[]],
    "text": lambda _body, _path: "text",
    "number": lambda _body, _path: 12,
    "null": lambda _body, _path: None,
    "empty object": lambda _body, _path: {},
    "empty result": _with_result({}),
    "null result": _with_result(None),
    "list result": _with_result([1, 2]),
    "text result": _with_result("ok"),
    "inside out": inside_out,
    "endless cursor": endless_cursor,
    "20,000 fields": many_fields,
    "long names": long_names,
}


def _counts(*lines: bytes) -> Callable[[bytes], bytes]:
    """Return what puts these lines in the place of a cluster's counts."""
    end = b"\n".join((b"collections_total 1", *lines, b""))

    def spoil(body: bytes) -> bytes:
        return end if body.startswith(b"# TYPE") else body

    return spoil


_POINTS = b'collection_points{id="ns_fine"} '
# Counts alone that cannot be true, or that are not those of Qdrant.
ODD_COUNTS = {
    "counts NaN": _counts(_POINTS + b"NaN"),
    "counts -1": _counts(_POINTS + b"-1"),
    "counts 2^70": _counts(_POINTS + b"%d" % 2**70),
    "counts infinite": _counts(_POINTS + b"+Inf"),
    "counts twice": _counts(_POINTS + b"3", _POINTS + b"4"),
    "counts not UTF-8": _counts(b'collection_points{id="\xff\xfe"} 3'),
    "counts of long names": _counts(b'collection_points{id="%s"} 3' % (b"x" * 500)),
    "counts in one line": _counts(b"x" * 200_000),
    "counts cut off": _counts(b'collection_points{id="ns_fi'),
    "counts of another product": _counts(b"node_cpu_seconds_total 12", b"up 1"),
}
ODD_NUMBERS = {
    f"number {text}": odd_number(text)
    for text in ("1" + "0" * 40, "NaN", "1e999", "-3", '"12"', "1.5", "true")
} | ODD_COUNTS


def as_bytes(body: Any) -> bytes:
    """Return a body as it is sent."""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
