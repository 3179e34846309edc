"""Payloads: merged, replaced, trimmed, by ids and by filter."""

from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import count, dense, equals, error_of, refused


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    client.create_collection(name, vectors_config=dense(1))
    points = [
        models.PointStruct(id=i, vector=[float(i)], payload={"n": i, "half": i // 5})
        for i in range(10)
    ]
    client.upsert(name, points)
    return name


def payload(client: QdrantClient, name: str, id_: int) -> dict[str, Any]:
    [record] = client.retrieve(name, [id_])
    return record.payload or {}


def test_set_merges_and_null_removes(
    client: QdrantClient, http: httpx.Client, filled: str
) -> None:
    client.set_payload(filled, {"a": 1, "b": {"c": 2}}, points=[1])
    client.set_payload(filled, {"b": {"d": 3}}, points=[1])
    assert payload(client, filled, 1) == {"n": 1, "half": 0, "a": 1, "b": {"d": 3}}
    body = {"payload": {"a": None, "half": None}, "points": [1]}
    http.post(f"/collections/{filled}/points/payload?wait=true", json=body)
    assert payload(client, filled, 1) == {"n": 1, "b": {"d": 3}}


def test_set_under_a_key(client: QdrantClient, filled: str) -> None:
    client.set_payload(filled, {"b": {"c": 2}}, points=[1])
    client.set_payload(filled, {"d": 3}, points=[1], key="b")
    assert payload(client, filled, 1)["b"] == {"c": 2, "d": 3}


def test_overwrite_replaces(client: QdrantClient, filled: str) -> None:
    client.overwrite_payload(filled, {"only": 1}, points=[3])
    assert payload(client, filled, 3) == {"only": 1}
    assert payload(client, filled, 4) == {"n": 4, "half": 0}


def test_delete_keys_and_clear(client: QdrantClient, filled: str) -> None:
    client.delete_payload(filled, ["half", "missing"], points=[1, 2])
    assert payload(client, filled, 1) == {"n": 1}
    client.clear_payload(filled, points_selector=[2])
    assert payload(client, filled, 2) == {}


def test_all_of_it_by_filter(client: QdrantClient, filled: str) -> None:
    upper = equals("half", 1)
    client.set_payload(filled, {"flag": {"deep": 1}}, points=upper)
    assert count(client, filled, equals("flag.deep", 1)) == 5
    client.delete_payload(filled, ["flag"], points=upper)
    assert count(client, filled, equals("flag.deep", 1)) == 0
    client.overwrite_payload(filled, {"half": 2}, points=upper)
    assert count(client, filled, equals("half", 2)) == 5
    select = models.FilterSelector(filter=equals("half", 2))
    client.clear_payload(filled, points_selector=select)
    assert [payload(client, filled, i) for i in range(5, 10)] == [{}] * 5
    assert count(client, filled, equals("half", 0)) == 5


def test_every_json_value_comes_back(client: QdrantClient, filled: str) -> None:
    value = {
        "text": 'é "quoted" \u0000 日本 🎬',
        "big": 2**63 - 1,
        "small": -(2**63),
        "unsigned": 2**64 - 1,
        "float": 0.1,
        "list": [1, "a", None, [True, {}]],
        "key with.dot and space": {"": 1},
        "none": None,
    }
    client.upsert(filled, [models.PointStruct(id=1, vector=[1.0], payload=value)])
    assert payload(client, filled, 1) == value


def test_a_point_that_does_not_exist_is_not_found(
    client: QdrantClient, filled: str
) -> None:
    text = refused(404, lambda: client.set_payload(filled, {"a": 1}, points=[777]))
    assert "No point with id 777" in text


def test_without_points_or_filter_it_is_refused(
    http: httpx.Client, filled: str
) -> None:
    path = f"/collections/{filled}/points"
    error_of(http.post(f"{path}/payload", json={"payload": {"a": 1}}), 400)
    error_of(http.post(f"{path}/delete", json={}), 400)
    error_of(http.post(f"{path}/payload", json={"points": [1]}), 400)
    bad_key = {"points": [1], "keys": ["a[x"]}
    error_of(http.post(f"{path}/payload/delete", json=bad_key), 400)
    error_of(http.post(f"{path}/payload/delete", json={"points": [1]}), 400)
    assert http.post(f"{path}/count", json={}).json()["result"] == {"count": 10}


def test_a_batch_applies_in_order(client: QdrantClient, filled: str) -> None:
    points = models.PointsList(points=[models.PointStruct(id=77, vector=[7.0])])
    set_it = models.SetPayload(payload={"late": True}, points=[77, 1])
    results = client.batch_update_points(
        filled,
        [
            models.UpsertOperation(upsert=points),
            models.SetPayloadOperation(set_payload=set_it),
            models.DeleteOperation(delete=models.PointIdsList(points=[1])),
            models.ClearPayloadOperation(clear_payload=models.PointIdsList(points=[2])),
        ],
    )
    assert [r.status for r in results] == [models.UpdateStatus.COMPLETED] * 4
    assert payload(client, filled, 77) == {"late": True}
    assert payload(client, filled, 2) == {}
    assert count(client, filled) == 10


def test_a_batch_with_an_unknown_operation_does_nothing(
    http: httpx.Client, filled: str
) -> None:
    operations = [{"delete": {"points": [1]}}, {"explode": {"points": [2]}}]
    reply = http.post(
        f"/collections/{filled}/points/batch?wait=true", json={"operations": operations}
    )
    error_of(reply, 400)
    assert http.get(f"/collections/{filled}/points/1").status_code == 200


def test_deleting_points_by_ids_and_by_filter(
    client: QdrantClient, filled: str
) -> None:
    client.delete(filled, [1, 2, 777])
    assert count(client, filled) == 8
    client.delete(filled, models.FilterSelector(filter=equals("half", 1)))
    assert count(client, filled) == 3
