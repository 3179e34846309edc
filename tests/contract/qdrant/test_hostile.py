"""Requests made to break something: none is a fault of the server, none leaves a trace."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.qdrant.steps import error_of

pytestmark = pytest.mark.embedded_only(
    "a server of somebody else is not ours to attack"
)

HUGE = [10**6, 2**31, 2**40, 2**63, 2**64, 10**30]
CONFIG = {
    "vectors": {"v": {"size": 2, "distance": "Cosine"}},
    "sparse_vectors": {"s": {}},
}
SPARSE = {"indices": [1], "values": [1.0]}
POINTS = [
    {"id": i, "vector": {"v": [1, i], "s": SPARSE}, "payload": {"n": i, "t": "a b"}}
    for i in range(20)
]


@pytest.fixture
def made(http: httpx.Client, name: str) -> str:
    path = f"/collections/{name}"
    assert http.put(path, json=CONFIG).is_success
    assert http.put(f"{path}/points?wait=true", json={"points": POINTS}).is_success
    index = {"field_name": "n", "field_schema": "integer"}
    assert http.put(f"{path}/index?wait=true", json=index).is_success
    return path


@pytest.fixture
def unharmed(http: httpx.Client, made: str) -> Callable[[httpx.Response], None]:
    """A reply that is no fault, after which the points read as before."""

    def check(reply: httpx.Response) -> None:
        assert reply.status_code < 500, reply.text
        scrolled = http.post(f"{made}/points/scroll", json={"limit": 100})
        payloads = [point["payload"] for point in scrolled.json()["result"]["points"]]
        assert payloads == [point["payload"] for point in POINTS]

    return check


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_a_payload_too_deep_to_be_read_back_is_refused_by_any_way_in(
    http: httpx.Client, made: str, unharmed: Callable[[httpx.Response], None]
) -> None:
    for depth in (130, 500, 1000):
        deep = nested(depth)
        point = f'{{"id": 1, "vector": {{}}, "payload": {deep}}}'
        columns = f'{{"ids": [1], "vectors": {{}}, "payloads": [{deep}]}}'
        change = f'{{"payload": {deep}, "points": [1]}}'
        for method, path, body in (
            ("PUT", "/points", f'{{"points": [{point}]}}'),
            ("PUT", "/points", f'{{"batch": {columns}}}'),
            ("POST", "/points/payload", change),
            ("PUT", "/points/payload", change),
            (
                "POST",
                "/points/batch",
                f'{{"operations": [{{"set_payload": {change}}}]}}',
            ),
            ("PATCH", "", f'{{"metadata": {deep}}}'),
        ):
            reply = http.request(method, f"{made}{path}", content=body)
            error_of(reply, 400)
            unharmed(reply)


def test_a_payload_cannot_be_made_too_deep_step_by_step(
    http: httpx.Client, made: str, unharmed: Callable[[httpx.Response], None]
) -> None:
    for steps in (100, 200):
        key = ".".join(["a"] * steps)
        body = f'{{"payload": {nested(60)}, "points": [1], "key": "{key}"}}'
        reply = http.post(f"{made}/points/payload", content=body)
        error_of(reply, 400)
        unharmed(reply)


def test_a_payload_as_deep_as_allowed_is_read_back(
    http: httpx.Client, made: str
) -> None:
    body = f'{{"payload": {nested(110)}, "points": [1]}}'
    assert http.post(f"{made}/points/payload?wait=true", content=body).is_success
    assert http.get(f"{made}/points/1").status_code == 200


@pytest.mark.parametrize("depth", [60, 300, 1000, 5000])
def test_queries_inside_queries(
    http: httpx.Client,
    made: str,
    unharmed: Callable[[httpx.Response], None],
    depth: int,
) -> None:
    end = ',"query":[1,1],"using":"v"}'
    body = '{"prefetch":' * depth + '{"query":[1,1],"using":"v"}' + end * depth
    unharmed(http.post(f"{made}/points/query", content=body))


@pytest.mark.parametrize("number", HUGE)
def test_numbers_beyond_reason(
    http: httpx.Client,
    made: str,
    unharmed: Callable[[httpx.Response], None],
    number: int,
) -> None:
    near: dict[str, Any] = {"query": [1, 1], "using": "v"}
    asked = [
        ("points/scroll", {"limit": number}),
        ("points/scroll", {"limit": number, "order_by": "n"}),
        ("points/query", {**near, "limit": number}),
        ("points/query", {**near, "offset": number}),
        ("points/query", {**near, "params": {"hnsw_ef": number}}),
        ("points/query", {"query": {"sample": "random"}, "limit": number}),
        (
            "points/query",
            {
                "prefetch": {**near, "limit": number},
                "query": {"fusion": "rrf"},
                "limit": number,
            },
        ),
        ("facet", {"key": "n", "limit": number}),
    ]
    for path, body in asked:
        unharmed(http.post(f"{made}/{path}", json=body))


@pytest.mark.parametrize(
    "sent",
    [
        ("GET", "/points/" + "9" * 5000, None),
        ("GET", "/points/%C2%B2", None),
        ("GET", "/points/%FF%FE", None),
        ("POST", "/points", {"ids": [{}]}),
        ("POST", "/points/scroll", {"order_by": {"key": "n", "start_from": [1]}}),
        ("POST", "/points/scroll", {"order_by": {"key": "n", "start_from": "x"}}),
        ("POST", "/points/scroll", {"with_vector": ["no such"]}),
        ("POST", "/points/count", {"filter": {"must": {"key": "a[", "is_null": True}}}),
        ("POST", "/points/count", {"filter": {"min_should": {"min_count": 1}}}),
        ("POST", "/points/payload/delete", {"keys": [""], "points": [1]}),
        ("PUT", "/index", {"field_name": "", "field_schema": "integer"}),
        ("PUT", "/index", {"field_name": "../../x", "field_schema": "integer"}),
        ("PUT", "/index", {"field_name": "x" * 300, "field_schema": "keyword"}),
        ("DELETE", "/index/a%5B", None),
        ("PUT", "/vectors/%2e%2e", {"dense": {"size": 2, "distance": "Dot"}}),
        ("PUT", "/vectors/" + "x" * 201, {"dense": {"size": 2, "distance": "Dot"}}),
        ("DELETE", "/vectors/%2e%2e", None),
        ("PATCH", "", {"hnsw_config": {"m": 2**70}}),
        ("PATCH", "", {"metadata": [1]}),
        ("PATCH", "", {"strict_mode_config": {"enabled": "yes"}}),
        ("PATCH", "", {"strict_mode_config": {"max_query_limit": "x"}}),
        ("PATCH", "", {"vectors": {"v": 5}}),
        ("PUT", "/snapshots/recover", {"location": "http://[/x"}),
        ("PUT", "/snapshots/recover", {"location": "http://127.0.0.1:99999/x"}),
        ("PUT", "/snapshots/recover", {"location": "file:///proc/self/environ"}),
    ],
)
def test_oddities(
    http: httpx.Client,
    made: str,
    unharmed: Callable[[httpx.Response], None],
    sent: tuple[str, str, Any],
) -> None:
    method, path, body = sent
    unharmed(http.request(method, f"{made}{path}", json=body))


@pytest.mark.parametrize("level", ["²", "-1", "x", "999"])
def test_odd_levels_of_telemetry(http: httpx.Client, level: str) -> None:
    reply = http.get("/telemetry", params={"details_level": level})
    assert reply.status_code == 200
