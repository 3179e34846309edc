"""Payload indexes: made, shown, remade, dropped."""

import uuid
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import dense, error_of, refused

TYPES: dict[str, tuple[Any, list[Any]]] = {
    "keyword": ({"is_tenant": True}, ["a", "b"]),
    "integer": ({"lookup": True, "range": False, "is_principal": True}, [1, 2]),
    "float": ({"is_principal": True}, [0.5, 1.5]),
    "geo": ({}, [{"lon": 1.0, "lat": 2.0}]),
    "text": (
        {
            "tokenizer": "word",
            "min_token_len": 2,
            "max_token_len": 20,
            "lowercase": True,
            "ascii_folding": True,
            "phrase_matching": True,
            "stopwords": {"languages": ["english"], "custom": ["foo"]},
            "stemmer": {"type": "snowball", "language": "english"},
        },
        ["hello world"],
    ),
    "bool": ({}, [True, False]),
    "datetime": ({"is_principal": False}, ["2024-01-01T00:00:00Z"]),
    "uuid": ({"is_tenant": False}, [str(uuid.UUID(int=1))]),
}


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    """Ten points; the field `x` of the even ones is set by the test."""
    client.create_collection(name, vectors_config=dense(1))
    client.upsert(
        name, [models.PointStruct(id=i, vector=[float(i)]) for i in range(10)]
    )
    return name


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_with_parameters(
    client: QdrantClient, http: httpx.Client, filled: str, kind: str
) -> None:
    params, values = TYPES[kind]
    for i in range(0, 10, 2):
        client.set_payload(filled, {"x": values[(i // 2) % len(values)]}, points=[i])
    body = {"field_name": "x", "field_schema": {"type": kind, **params}}
    reply = http.put(f"/collections/{filled}/index?wait=true", json=body)
    assert reply.json()["result"]["status"] == "completed"
    shown = http.get(f"/collections/{filled}").json()["result"]["payload_schema"]["x"]
    assert shown["data_type"] == kind
    assert shown["points"] == 5
    stated = {key: it for key, it in shown["params"].items() if it is not None}
    assert stated.items() >= {"type": kind, **params}.items()


@pytest.mark.parametrize(
    ("kind", "unset"),
    [
        ("integer", {"lookup", "range", "is_principal"}),
        ("float", {"is_principal"}),
        ("datetime", {"is_principal"}),
        ("keyword", set()),
    ],
)
def test_some_parameters_are_shown_unset(
    http: httpx.Client, filled: str, kind: str, unset: set[str]
) -> None:
    body = {"field_name": "x", "field_schema": {"type": kind, "on_disk": True}}
    http.put(f"/collections/{filled}/index?wait=true", json=body)
    shown = http.get(f"/collections/{filled}").json()["result"]["payload_schema"]["x"]
    assert {key for key, value in shown["params"].items() if value is None} == unset


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_by_its_word(client: QdrantClient, filled: str, kind: str) -> None:
    client.set_payload(filled, {"x": TYPES[kind][1][0]}, points=[1, 2, 3])
    schema = models.PayloadSchemaType(kind)
    client.create_payload_index(filled, "x", schema, wait=True)
    shown = client.get_collection(filled).payload_schema["x"]
    assert (shown.data_type, shown.points) == (schema, 3)


def test_points_of_an_index_follow_the_writes(
    client: QdrantClient, filled: str
) -> None:
    client.create_payload_index(filled, "x", models.PayloadSchemaType.KEYWORD)

    def points() -> int:
        return client.get_collection(filled).payload_schema["x"].points

    assert points() == 0
    client.set_payload(filled, {"x": "a"}, points=[1, 2, 3])
    assert points() == 3
    client.delete_payload(filled, ["x"], points=[1])
    client.delete(filled, [2])
    assert points() == 1


def test_a_dropped_index_is_gone_and_the_payload_stays(
    client: QdrantClient, filled: str
) -> None:
    client.set_payload(filled, {"x": "a"}, points=[1])
    client.create_payload_index(filled, "x", models.PayloadSchemaType.KEYWORD)
    client.delete_payload_index(filled, "x")
    assert client.get_collection(filled).payload_schema == {}
    assert client.retrieve(filled, [1])[0].payload == {"x": "a"}
    client.delete_payload_index(filled, "x")


def test_another_type_replaces_the_index(client: QdrantClient, filled: str) -> None:
    client.set_payload(filled, {"x": 5}, points=[1, 2])
    client.create_payload_index(filled, "x", models.PayloadSchemaType.KEYWORD)
    assert client.get_collection(filled).payload_schema["x"].points == 0
    client.create_payload_index(filled, "x", models.PayloadSchemaType.INTEGER)
    shown = client.get_collection(filled).payload_schema["x"]
    assert (shown.data_type.value, shown.points) == ("integer", 2)


def test_nested_and_array_paths(client: QdrantClient, filled: str) -> None:
    client.set_payload(filled, {"o": {"k": "a"}, "l": [{"k": 1}]}, points=[1, 2])
    for path, kind in {"o.k": "keyword", "l[].k": "integer"}.items():
        client.create_payload_index(filled, path, models.PayloadSchemaType(kind))
        assert client.get_collection(filled).payload_schema[path].points == 2
    client.delete_payload_index(filled, "l[].k")
    assert set(client.get_collection(filled).payload_schema) == {"o.k"}


@pytest.mark.parametrize(
    ("schema", "status"),
    [
        ("strings", 400),
        ({"type": "strings"}, 400),
        ({}, 400),
        (7, 400),
        ({"type": "integer", "lookup": False, "range": False}, 422),
    ],
)
def test_a_bad_schema_makes_no_index(
    http: httpx.Client, filled: str, schema: Any, status: int
) -> None:
    body = {"field_name": "x", "field_schema": schema}
    error_of(http.put(f"/collections/{filled}/index?wait=true", json=body), status)
    shown = http.get(f"/collections/{filled}").json()["result"]["payload_schema"]
    assert shown == {}


def test_order_by_and_facet_ask_for_an_index(client: QdrantClient, filled: str) -> None:
    text = refused(400, lambda: client.scroll(filled, order_by="x"))
    assert "No range index for `order_by` key: `x`" in text
    text = refused(400, lambda: client.facet(filled, "x"))
    assert "No appropriate index for faceting: `x`" in text
