"""Strict mode's limits on size, cost and rate, in Qdrant's own words."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.contract.qdrant.steps import count, dense, error_of, points

Sent = tuple[str, str, Any]


@pytest.fixture
def path(client: QdrantClient, name: str) -> str:
    """A collection of ten points, by its path."""
    client.create_collection(name, vectors_config=dense(1))
    client.upsert(name, points(range(10), [1.0], n=1, word="a"))
    return f"/collections/{name}"


@pytest.fixture
def enforce(http: httpx.Client, path: str) -> Callable[..., None]:
    def change(**rules: Any) -> None:
        body = {"strict_mode_config": {"enabled": True, **rules}}
        assert http.patch(path, json=body).is_success

    return change


def where(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"filter": {"must": list(conditions)}}


def upsert(*ids: int) -> dict[str, Any]:
    return {"points": [{"id": i, "vector": [1.0], "payload": {}} for i in ids]}


def until_refused(call: Callable[[], httpx.Response]) -> httpx.Response:
    """Call until it is refused: a server looks at its sizes now and then."""
    for _ in range(64):
        reply = call()
        if not reply.is_success:
            break
    return reply


N = {"key": "n", "match": {"value": 1}}
ANY = {"key": "n", "match": {"any": [1, 2, 3]}}
EXCEPT = {"key": "n", "match": {"except": [1, 2, 3]}}
ONE = {"must": [N]}
PARAMS = {"hnsw_ef": 11, "quantization": {"oversampling": 2.5}}


MISSING = "Index required but not found for"
TYPES = "of one of the following types:"
CASES: list[tuple[dict[str, Any], Sent, str]] = [
    (
        {"max_query_limit": 3},
        ("POST", "/points/scroll", {"limit": 4}),
        'Limit exceeded 4 > 3 for "limit". Help: Reduce the "limit" parameter to or ',
    ),
    (
        {"max_query_limit": 3},
        ("POST", "/points/query", {"query": [1.0]}),
        'Limit exceeded 10 > 3 for "limit"',
    ),
    (
        {"max_query_limit": 9},
        (
            "POST",
            "/points/query",
            {"prefetch": {"query": [1.0]}, "query": {"fusion": "rrf"}, "limit": 1},
        ),
        'Limit exceeded 10 > 9 for "limit"',
    ),
    (
        {"max_timeout": 5},
        ("POST", "/points/count?timeout=6", {}),
        'Limit exceeded 6 > 5 for "timeout"',
    ),
    (
        {"upsert_max_batchsize": 2},
        ("PUT", "/points", upsert(1, 2, 3)),
        'Limit exceeded 3 > 2 for "upsert limit"',
    ),
    (
        {"upsert_max_batchsize": 1},
        ("PUT", "/points/vectors", upsert(1, 2)),
        'Limit exceeded 2 > 1 for "update limit"',
    ),
    (
        {"search_max_hnsw_ef": 10},
        ("POST", "/points/query", {"query": [1.0], "params": PARAMS}),
        'Limit exceeded 11 > 10 for "hnsw_ef"',
    ),
    (
        {"search_max_oversampling": 2.0},
        ("POST", "/points/query", {"query": [1.0], "params": PARAMS}),
        'for "oversampling"',
    ),
    (
        {"search_allow_exact": False},
        ("POST", "/points/count", {"exact": True}),
        "Exact search disabled!. Help: Set exact=false.",
    ),
    (
        {"search_allow_exact": False},
        ("POST", "/points/query", {"query": [1.0], "params": {"exact": True}}),
        "Exact search disabled!. Help: Set exact=false.",
    ),
    (
        {"search_max_batchsize": 1},
        ("POST", "/points/query/batch", {"searches": [{"query": [1.0]}] * 2}),
        'Limit exceeded 2 > 1 for "search batch size"',
    ),
    (
        {"filter_max_conditions": 2},
        ("POST", "/points/count", where(N, {"should": [N, N]})),
        "Filter condition limit reached (3 > 2). Help: Reduce the amount of",
    ),
    (
        {"condition_max_size": 2},
        ("POST", "/points/count", where(ANY)),
        "Condition size limit reached (3 > 2). Help: Reduce the size of",
    ),
    (
        {"condition_max_size": 2},
        ("POST", "/points/delete", where(EXCEPT)),
        "Condition size limit reached (3 > 2)",
    ),
    (
        {"unindexed_filtering_retrieve": False},
        ("POST", "/points/count", where(N)),
        f'{MISSING} "n" {TYPES} [integer]. Help: Create an index for this key or use',
    ),
    (
        {"unindexed_filtering_retrieve": False},
        ("POST", "/points/scroll", where({"nested": {"key": "a", "filter": ONE}})),
        f'{MISSING} "a[].n"',
    ),
    (
        {"unindexed_filtering_update": False},
        ("POST", "/points/delete", where({"key": "n", "range": {"gt": 1}})),
        f'{MISSING} "n" {TYPES} [float, integer]',
    ),
    (
        {"max_payload_index_count": 0},
        ("PUT", "/index", {"field_name": "n", "field_schema": "integer"}),
        "Collection already has the maximum number of payload indices (0). Help: ",
    ),
    (
        {"max_points_count": 10},
        ("PUT", "/points", upsert(99)),
        "Max points count limit of 10 reached!",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_what_a_rule_forbids_is_refused_in_words(
    http: httpx.Client,
    path: str,
    enforce: Callable[..., None],
    case: tuple[dict[str, Any], Sent, str],
) -> None:
    rules, (method, tail, body), text = case

    def call() -> httpx.Response:
        return http.request(method, f"{path}{tail}", json=body)

    enforce(**rules)
    error = error_of(until_refused(call), 400)
    assert error.startswith("Bad request: ")
    assert text in error
    off = {"strict_mode_config": {"enabled": False}}
    assert http.patch(path, json=off).is_success
    assert call().is_success


def test_rules_are_kept_as_stated_and_a_null_takes_none_back(
    http: httpx.Client, path: str
) -> None:
    rules = {
        "enabled": True,
        "max_query_limit": 1000,
        "max_timeout": 60,
        "unindexed_filtering_retrieve": True,
        "unindexed_filtering_update": True,
        "search_max_hnsw_ef": 500,
        "search_allow_exact": True,
        "search_max_oversampling": 4.5,
        "upsert_max_batchsize": 500,
        "search_max_batchsize": 9,
        "max_collection_vector_size_bytes": 10**12,
        "read_rate_limit": 600,
        "write_rate_limit": 600,
        "max_collection_payload_size_bytes": 10**12,
        "max_points_count": 10**6,
        "filter_max_conditions": 64,
        "condition_max_size": 64,
        "multivector_config": {"m": {"max_vectors": 3}},
        "sparse_config": {"s": {"max_length": 3}},
        "max_payload_index_count": 12,
    }
    assert http.patch(path, json={"strict_mode_config": rules}).is_success
    nulls = dict.fromkeys(("max_timeout", "write_rate_limit"))
    assert http.patch(path, json={"strict_mode_config": nulls}).is_success
    config = http.get(path).json()["result"]["config"]
    stored = config["strict_mode_config"].items()
    assert {key: value for key, value in stored if value is not None} == rules


@pytest.mark.parametrize(
    "rules",
    [
        {"max_query_limit": 0},
        {"read_rate_limit": 0},
        {"max_query_limit": -1},
        {"max_query_limit": "10"},
        {"search_allow_exact": "no"},
        {"multivector_config": {"m": {"max_vectors": 0}}},
    ],
)
def test_a_bad_rule_is_refused(
    http: httpx.Client, path: str, rules: dict[str, Any]
) -> None:
    reply = http.patch(path, json={"strict_mode_config": rules})
    assert reply.status_code in (400, 422), reply.text


@pytest.mark.parametrize("kind", ["vector", "payload"])
def test_a_full_collection_takes_no_more(
    http: httpx.Client, path: str, enforce: Callable[..., None], kind: str
) -> None:
    large = {
        "id": 50,
        "vector": [1.0],
        "payload": {"t": "".join(map(str, range(9**6)))},
    }
    many = [{"id": 100 + i, "vector": [1.0]} for i in range(20_000)]
    for body in ([large], many):
        reply = http.put(f"{path}/points?wait=true", json={"points": body})
        assert reply.is_success, reply.text
    enforce(**{f"max_collection_{kind}_size_bytes": 1024})
    text = f"Bad request: Max {kind} storage size limit of "
    reply = until_refused(lambda: http.put(f"{path}/points", json=upsert(1)))
    assert error_of(reply, 400).startswith(text)
    delete = http.post(f"{path}/points/delete?wait=true", json={"points": [100]})
    assert delete.is_success
    enforce(**{f"max_collection_{kind}_size_bytes": 2**40})
    assert http.put(f"{path}/points?wait=true", json=upsert(1)).is_success


def test_long_vectors_are_refused(http: httpx.Client, name: str) -> None:
    multi = {"size": 1, "distance": "Dot", "multivector_config": {}}
    multi["multivector_config"] = {"comparator": "max_sim"}
    rules = {
        "enabled": True,
        "multivector_config": {"m": {"max_vectors": 2}},
        "sparse_config": {"s": {"max_length": 2}},
    }
    config = {"vectors": {"m": multi}, "sparse_vectors": {"s": {}}}
    created = {**config, "strict_mode_config": rules}
    assert http.put(f"/collections/{name}", json=created).is_success

    def put(vector: dict[str, Any]) -> httpx.Response:
        body = {"points": [{"id": 1, "vector": vector}]}
        return http.put(f"/collections/{name}/points?wait=true", json=body)

    short = {"indices": [1, 2], "values": [1.0, 1.0]}
    long = {"indices": [1, 2, 3], "values": [1.0, 1.0, 1.0]}
    assert "a limit of 2" in error_of(put({"m": [[1.0], [2.0], [3.0]]}), 400)
    assert "a limit of 2 indices, but 3 were" in error_of(put({"s": long}), 400)
    assert put({"m": [[1.0], [2.0]], "s": short}).is_success


# -- rates


def test_a_write_costs_its_points(
    client: QdrantClient,
    http: httpx.Client,
    path: str,
    enforce: Callable[..., None],
) -> None:
    enforce(write_rate_limit=10)
    too_large = http.put(f"{path}/points", json=upsert(*range(11)))
    text = "Rate limiting exceeded: Write rate limit exceeded"
    larger = "request larger than rate limiter capacity, please try to split"
    assert error_of(too_large, 429).startswith(f"{text}, {larger}")
    assert "retry-after" not in too_large.headers, "waiting would not help"
    assert http.put(f"{path}/points", json=upsert(*range(10))).is_success
    spent = http.put(f"{path}/points", json=upsert(*range(10)))
    assert f"{text}: Operation requires 10 tokens but only" in error_of(spent, 429)
    assert 1 <= int(spent.headers["retry-after"]) <= 60
    assert count(client, path.rpartition("/")[2]) == 10, "reads have their own limit"


def test_a_read_costs_one_and_its_conditions_and_a_look_up_its_ids(
    http: httpx.Client, path: str, enforce: Callable[..., None]
) -> None:
    enforce(read_rate_limit=4)
    error_of(http.post(f"{path}/points/count", json=where(N, N, N, N)), 429)
    error_of(http.post(f"{path}/points", json={"ids": [1, 2, 3, 4, 5]}), 429)
    assert http.post(f"{path}/points/count", json=where(N, N, N)).is_success
    late = http.post(f"{path}/points/count", json=where(N))
    text = "Rate limiting exceeded: Read rate limit exceeded: Operation requires 2"
    assert error_of(late, 429).startswith(f"{text} tokens but only ")
    assert "were available. Retry after " in error_of(late, 429)


def test_a_changed_rate_begins_anew(
    http: httpx.Client, path: str, enforce: Callable[..., None]
) -> None:
    enforce(write_rate_limit=1)
    assert http.put(f"{path}/points", json=upsert(1)).is_success
    error_of(http.put(f"{path}/points", json=upsert(1)), 429)
    enforce(write_rate_limit=100)
    assert http.put(f"{path}/points", json=upsert(1)).is_success
