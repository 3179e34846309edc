"""What looking into documents relies on: order, filters for tenants, counts by value."""

from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import dense

Json = dict[str, Any]
MOMENTS = (
    "2026-11-01T00:00:00Z",
    "2026-11-01T00:00:00.000001Z",
    "2026-11-02T00:00:00Z",
)
KEY = "6f1c1f0e-0000-4000-8000-00000000000"
KINDS = ("KEYWORD", "INTEGER", "FLOAT", "DATETIME", "UUID", "BOOL")


def payload_of(number: int) -> Json:
    return {
        "owner": "own" if number % 4 else "other",
        "keyword": f"k{number % 3}",
        "integer": 2**52 + number // 2,
        "float": number // 2 / 3,
        "datetime": MOMENTS[number % 3],
        "uuid": f"{KEY}{number % 2}",
        "bool": number % 2 == 0,
        "items": [{"a": number, "b": 1}, {"a": 0, "b": 2}],
        "meta": {"x": {"y": number}, "z": 1},
    }


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    """Twelve points; the odd owner 12 to 15 name none, null, two, and a number."""
    client.create_collection(
        name,
        vectors_config={"v": dense(2)},
        sparse_vectors_config={"s": models.SparseVectorParams()},
    )
    points = [
        models.PointStruct(
            id=n, vector={"v": [1.0, n / 12]} if n % 2 else {}, payload=payload_of(n)
        )
        for n in range(12)
    ]
    odd: list[Json] = [{}, {"owner": None}, {"owner": ["own", "other"]}, {"owner": 7}]
    points += [
        models.PointStruct(id=12 + n, vector={}, payload=payload)
        for n, payload in enumerate(odd)
    ]
    client.upsert(name, points)
    client.create_payload_index(name, "owner", models.PayloadSchemaType.KEYWORD)
    for kind in KINDS:
        client.create_payload_index(name, kind.lower(), models.PayloadSchemaType[kind])
    return name


def ask(http: httpx.Client, name: str, path: str, body: Json) -> Any:
    reply = http.post(f"/collections/{name}{path}", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()["result"]


def scrolled(http: httpx.Client, name: str, **body: Any) -> list[Json]:
    points: list[Json] = ask(http, name, "/points/scroll", {"limit": 50, **body})[
        "points"
    ]
    return points


@pytest.mark.parametrize("key", ["integer", "float", "datetime"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_an_order_tells_its_values_and_starts_at_one(
    http: httpx.Client, filled: str, key: str, direction: str
) -> None:
    order: Json = {"key": key, "direction": direction}
    points = scrolled(http, filled, order_by=order)
    values = [point["order_value"] for point in points]
    assert values == sorted(values, reverse=direction == "desc")
    assert len(values) == 12, "points without a value are left out"
    middle = sorted(set(values))[1]
    if key == "datetime":
        assert middle == 1793491200000001, "in microseconds"
        start: Any = MOMENTS[1]
    else:
        start = middle
    started = scrolled(http, filled, order_by={**order, "start_from": start})
    kept = [v for v in values if (v <= middle if direction == "desc" else v >= middle)]
    assert [point["order_value"] for point in started] == kept


@pytest.mark.parametrize(
    ("key", "value", "condition"),
    [
        ("integer", 2**52 + 1, {"match": {"value": 2**52 + 1}}),
        ("float", 1 / 3, {"range": {"gte": 1 / 3, "lte": 1 / 3}}),
        ("datetime", MOMENTS[1], {"range": {"gte": MOMENTS[1], "lte": MOMENTS[1]}}),
    ],
)
def test_points_of_one_value_are_found_exactly(
    http: httpx.Client, filled: str, key: str, value: Any, condition: Json
) -> None:
    same = {"must": [{"key": key, **condition}]}
    found = scrolled(http, filled, filter=same)
    assert [p["id"] for p in found] == [
        n for n in range(12) if payload_of(n)[key] == value
    ]


def test_except_finds_those_with_another_value(http: httpx.Client, filled: str) -> None:
    """A point without a value is not found; one with two is, if one of them differs."""
    other = {"key": "owner", "match": {"except": ["own"]}}
    found = {p["id"] for p in scrolled(http, filled, filter={"must": [other]})}
    assert found - {15} == {0, 4, 8, 14}
    rest = {p["id"] for p in scrolled(http, filled, filter={"must_not": [other]})}
    assert rest == set(range(16)) - found


def test_conditions_within_must_not(http: httpx.Client, filled: str) -> None:
    inner = {
        "must": [
            {"is_empty": {"key": "owner"}},
            {"key": "meta.z", "match": {"except": [1]}},
        ]
    }
    found = scrolled(http, filled, filter={"must_not": [inner]})
    assert len(found) == 16, "those without an owner have no meta.z"


def test_chosen_fields_of_a_payload(http: httpx.Client, filled: str) -> None:
    [point] = scrolled(
        http,
        filled,
        filter={"must": [{"has_id": [5]}]},
        with_payload=["items[].a", "meta.x.y", "nothing", "nothing.more"],
    )
    assert point["payload"] == {
        "items": [{"a": 5}, {"a": 0}],
        "meta": {"x": {"y": 5}},
    }


def test_which_points_have_which_vectors(http: httpx.Client, filled: str) -> None:
    searches = [
        {
            "filter": {"must": [{"has_id": [1, 2, 3]}, {"has_vector": vector}]},
            "limit": 3,
            "with_payload": False,
        }
        for vector in ("v", "s")
    ]
    answers = ask(http, filled, "/points/query/batch", {"searches": searches})
    assert [[p["id"] for p in answer["points"]] for answer in answers] == [[1, 3], []]


@pytest.mark.parametrize(
    ("key", "counts"),
    [
        ("keyword", {"k0": 4, "k1": 4, "k2": 4}),
        ("uuid", {f"{KEY}0": 6, f"{KEY}1": 6}),
        ("bool", {True: 6, False: 6}),
        ("integer", {2**52 + n: 2 for n in range(6)}),
    ],
)
def test_values_are_counted(
    http: httpx.Client, filled: str, key: str, counts: dict[Any, int]
) -> None:
    found = ask(http, filled, "/facet", {"key": key, "limit": 50, "exact": True})
    assert {hit["value"]: hit["count"] for hit in found["hits"]} == counts


def test_a_random_sample_of_a_filter(http: httpx.Client, filled: str) -> None:
    own = {"must": [{"key": "owner", "match": {"value": "own"}}]}
    body = {"query": {"sample": "random"}, "filter": own, "limit": 50}
    found = ask(http, filled, "/points/query", body)["points"]
    expected = {n for n in range(12) if n % 4} | {14}
    assert {point["id"] for point in found} == expected
