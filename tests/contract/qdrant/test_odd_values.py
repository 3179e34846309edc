"""Every field of every body is replaced by odd values: no fault, and it lives on."""

import json
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.embedded_only(
    "a server of somebody else is not ours to attack"
)

SEED = 1895
PER_FIELD = 1
ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**31, 2**63, 2**64, 10**30, 1e308, -0.0),
    *("", "a", "\0", "a.b[", "[]", "é🎬", "x" * 300),
    *([], {}, [[]], [{}], [None], ["1", "2"], [[1, 2], [3]], {"a": None}),
    *({"key": "n"}, {"must": [{}]}, {"indices": [1], "values": ["a"]}),
]
TEXT = {"key": "t", "match": {"text": "a"}}
FILTER = {
    "must": [
        TEXT,
        {"nested": {"key": "arr", "filter": {"must": [{**TEXT, "key": "x"}]}}},
    ],
    "min_should": {"conditions": [{"has_id": [1]}], "min_count": 1},
}
POINT = {
    "id": 1,
    "vector": {
        "v": [1, 2],
        "m": [[1, 2]],
        "s": {"indices": [1], "values": [1.0]},
    },
    "payload": {"t": "abc", "n": 1},
}
BATCH = [
    {"upsert": {"points": [POINT]}},
    {"set_payload": {"payload": {"a": 1}, "filter": FILTER}},
    {"delete": {"filter": FILTER}},
]
PAGE = {
    "limit": 3,
    "filter": FILTER,
    "with_payload": {"include": ["t"]},
    "with_vector": ["v"],
    "order_by": {"key": "n", "direction": "asc", "start_from": 1},
}
PARAMS = {"hnsw_ef": 3, "exact": False, "quantization": {"oversampling": 1.5}}
NEAR = {"query": [1, 2], "using": "v", "filter": FILTER, "limit": 2}
QUERY = {**NEAR, "params": PARAMS, "score_threshold": 0.1, "prefetch": [NEAR]}
RULES = {
    "enabled": True,
    "max_query_limit": 100,
    "filter_max_conditions": 50,
    "condition_max_size": 10,
    "read_rate_limit": 1_000_000,
    "write_rate_limit": 1_000_000,
    "multivector_config": {"m": {"max_vectors": 5}},
    "sparse_config": {"s": {"max_length": 5}},
    "search_max_oversampling": 2.0,
    "unindexed_filtering_update": False,
}
CONFIG = {
    "vectors": {
        "v": {"size": 2, "distance": "Cosine"},
        "m": {
            "size": 2,
            "distance": "Dot",
            "multivector_config": {"comparator": "max_sim"},
        },
    },
    "sparse_vectors": {"s": {"index": {"full_scan_threshold": 5}}},
    "wal_config": {"wal_capacity_mb": 8},
    "optimizers_config": {"max_segment_size": 100},
    "shard_number": 2,
    "metadata": {"a": {}},
}
CHANGE = {
    "hnsw_config": {"m": 8},
    "vectors": {"v": {"hnsw_config": {"m": 4}, "on_disk": True}},
    "quantization_config": {"scalar": {"type": "int8"}},
}
SENT: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/points", {"points": [POINT], "update_filter": FILTER}),
    ("PUT", "/points/vectors", {"points": [POINT], "update_filter": FILTER}),
    ("POST", "/points/payload", {"payload": {"a": 1}, "filter": FILTER, "key": "a.b"}),
    ("POST", "/points/batch", {"operations": BATCH}),
    ("POST", "/points/scroll", PAGE),
    ("POST", "/points/count", {"filter": FILTER, "exact": True}),
    ("POST", "/facet", {"key": "n", "limit": 3, "filter": FILTER}),
    ("POST", "/points/query", QUERY),
    ("POST", "/points/query/batch", {"searches": [QUERY]}),
    ("PATCH", "", {"strict_mode_config": RULES, "metadata": {"a": 1}}),
    ("PATCH", "", CHANGE),
    ("PUT", "2", CONFIG),
]


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to a value and to all that is in it."""
    yield way
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*way, key))


def replaced(value: Any, way: tuple[Any, ...], odd: Any) -> Any:
    """A copy with something else in that place."""
    if not way:
        return odd
    copy = json.loads(json.dumps(value))
    inside = copy
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = odd
    return copy


@pytest.fixture
def plain(url: str, api_key: str | None) -> Iterator[httpx.Client]:
    """A client whose replies are not held against the document: they are thousands."""
    headers = {"api-key": api_key or ""}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield client


@pytest.mark.parametrize(
    "sent", SENT, ids=[f"{method} {tail}" for method, tail, _ in SENT]
)
def test_no_odd_value_is_a_fault(
    plain: httpx.Client, name: str, sent: tuple[str, str, dict[str, Any]]
) -> None:
    method, tail, body = sent
    path = f"/collections/{name}"
    assert plain.put(path, json=CONFIG).is_success
    points = {"points": [POINT]}
    assert plain.put(f"{path}/points?wait=true", json=points).is_success
    chance = random.Random(SEED)
    faults = []
    for way in places(body):
        for odd in chance.sample(ODD, PER_FIELD):
            content = json.dumps(replaced(body, way, odd))
            reply = plain.request(method, f"{path}{tail}", content=content)
            # An engine without a part says so, and so does one without a service.
            told = reply.status_code == 501 or "InferenceService" in reply.text
            if reply.status_code >= 500 and not told:
                faults.append((way, odd, reply.text))
    plain.delete(f"{path}2")
    assert faults == []
    for still in (path, "/metrics", "/collections"):
        assert plain.get(still).status_code == 200
