"""Every kind of vector goes in and comes out the same; a wrong one leaves nothing."""

import math
import uuid
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import (
    count,
    dense,
    error_of,
    everything,
    refused,
    server_version,
)

MULTI = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)


@pytest.mark.parametrize("distance", ["Cosine", "Euclid", "Dot", "Manhattan"])
@pytest.mark.parametrize("datatype", ["float32", "float16", "uint8"])
def test_dense_vectors_round_trip(
    client: QdrantClient, name: str, distance: str, datatype: str
) -> None:
    kind = models.Datatype(datatype)
    client.create_collection(name, vectors_config=dense(4, distance, datatype=kind))
    given = [4.0, 0.0, 3.0, 0.0]
    client.upsert(name, [models.PointStruct(id=1, vector=given)])
    [record] = client.retrieve(name, [1], with_vectors=True)
    if distance == "Cosine" and datatype != "uint8":
        wanted = pytest.approx([0.8, 0.0, 0.6, 0.0], abs=1e-3)
    else:
        wanted = pytest.approx(given)
    assert record.vector == wanted


def test_floats_keep_their_shortest_text(http: httpx.Client, name: str) -> None:
    body: dict[str, Any] = {"vectors": {"size": 3, "distance": "Dot"}}
    http.put(f"/collections/{name}", json=body)
    point = {"id": 1, "vector": [0.1, 1e-7, 16777216.0]}
    http.put(f"/collections/{name}/points?wait=true", json={"points": [point]})
    text = http.get(f"/collections/{name}/points/1").text
    assert "[0.1,1e-7,16777216.0]" in text


def test_a_point_may_lack_some_of_the_named_vectors(
    client: QdrantClient, name: str
) -> None:
    client.create_collection(
        name,
        vectors_config={
            "a": dense(2),
            "many": dense(2, multivector_config=MULTI),
        },
        sparse_vectors_config={"words": models.SparseVectorParams()},
    )
    full: dict[str, Any] = {
        "a": [1.0, 2.0],
        "many": [[1.0, 2.0], [3.0, 4.0]],
        "words": models.SparseVector(indices=[7, 3], values=[0.5, 0.25]),
    }
    client.upsert(
        name,
        [
            models.PointStruct(id=1, vector=full),
            models.PointStruct(id=2, vector={"a": [5.0, 6.0]}),
            models.PointStruct(id=3, vector={}),
        ],
    )
    found = {id_: vector for id_, (_, vector) in everything(client, name).items()}
    assert found[1]["a"] == full["a"]
    assert found[1]["many"] == full["many"]
    words = found[1]["words"]
    pairs = dict(zip(words.indices, words.values, strict=True))
    assert pairs == {7: 0.5, 3: 0.25}
    assert found[2] == {"a": [5.0, 6.0]}
    assert not found[3]


def test_columns_do_the_same_as_a_list(client: QdrantClient, name: str) -> None:
    client.create_collection(
        name,
        vectors_config={"a": dense(2), "b": dense(1)},
        sparse_vectors_config={"s": models.SparseVectorParams()},
    )
    other = str(uuid.uuid4())
    client.upsert(
        name,
        models.Batch(
            ids=[1, other],
            vectors={
                "a": [[1.0, 2.0], [3.0, 4.0]],
                "b": [[5.0], [6.0]],
                "s": [
                    models.SparseVector(indices=[1], values=[1]),
                    models.SparseVector(indices=[2], values=[2]),
                ],
            },
            payloads=[{"k": 1}, {}],
        ),
    )
    found = everything(client, name)
    assert found[1][0] == {"k": 1}
    assert not found[other][0]
    assert (found[other][1]["a"], found[other][1]["b"]) == ([3, 4], [6])
    assert found[other][1]["s"].indices == [2]


def test_the_last_of_two_equal_ids_wins(client: QdrantClient, name: str) -> None:
    client.create_collection(name, vectors_config=dense(1))
    client.upsert(
        name,
        [
            models.PointStruct(id=1, vector=[1.0], payload={"n": 1}),
            models.PointStruct(id=1, vector=[2.0], payload={"n": 2}),
        ],
    )
    assert everything(client, name) == {1: ({"n": 2}, [2])}


def test_upsert_replaces_the_whole_point(client: QdrantClient, name: str) -> None:
    client.create_collection(name, vectors_config={"a": dense(1), "b": dense(1)})
    both: Any = {"a": [1], "b": [2]}
    client.upsert(name, [models.PointStruct(id=1, vector=both, payload={"x": 1})])
    only: Any = {"b": [3]}
    client.upsert(name, [models.PointStruct(id=1, vector=only, payload={"y": 1})])
    assert everything(client, name) == {1: ({"y": 1}, {"b": [3]})}


def test_insert_only_and_update_only(http: httpx.Client, name: str) -> None:
    http.put(f"/collections/{name}", json={"vectors": {"size": 1, "distance": "Dot"}})
    path = f"/collections/{name}/points?wait=true"

    if server_version(http) < (1, 17):
        pytest.skip("update_mode came with 1.17, older servers do not see it")

    def upsert(mode: str, *ids: int) -> None:
        points = [{"id": i, "vector": [i], "payload": {"by": mode}} for i in ids]
        reply = http.put(path, json={"points": points, "update_mode": mode})
        assert reply.status_code == 200, reply.text

    upsert("upsert", 1, 2)
    upsert("insert_only", 2, 3)
    upsert("update_only", 3, 4)
    reply = http.post(f"/collections/{name}/points/scroll", json={})
    found = {p["id"]: p["payload"]["by"] for p in reply.json()["result"]["points"]}
    assert found == {1: "upsert", 2: "upsert", 3: "update_only"}


def test_update_filter_spares_what_it_does_not_match(
    http: httpx.Client, name: str
) -> None:
    http.put(f"/collections/{name}", json={"vectors": {"size": 1, "distance": "Dot"}})
    path = f"/collections/{name}/points?wait=true"
    if server_version(http) < (1, 16):
        pytest.skip("update_filter came with 1.16, older servers do not see it")
    old = [{"id": i, "vector": [1], "payload": {"v": i}} for i in (1, 2)]
    http.put(path, json={"points": old})
    new = [{"id": i, "vector": [2], "payload": {"v": 9}} for i in (1, 2)]
    where = {"must": [{"key": "v", "match": {"value": 1}}]}
    assert http.put(path, json={"points": new, "update_filter": where}).is_success
    reply = http.post(f"/collections/{name}/points/scroll", json={})
    found = {p["id"]: p["payload"]["v"] for p in reply.json()["result"]["points"]}
    assert found == {1: 9, 2: 2}


CONFIG = {
    "vectors": {
        "v": {"size": 2, "distance": "Cosine"},
        "m": {
            "size": 2,
            "distance": "Dot",
            "multivector_config": {"comparator": "max_sim"},
        },
    },
    "sparse_vectors": {"s": {}},
}
SPARSE = {"indices": [1, 2], "values": [0.5, 0.5]}
BAD_VECTORS: list[tuple[str, Any, tuple[int, ...]]] = [
    ("one too short", {"v": [1]}, (400,)),
    ("one too long", {"v": [1, 2, 3]}, (400,)),
    ("empty", {"v": []}, (400, 422)),
    ("unknown name", {"w": [1, 2]}, (400,)),
    ("unnamed", [1, 2], (400,)),
    # Qdrant takes it for a text and a model of its inference service.
    ("text", {"v": ["1", "2"]}, (500,)),
    ("a bare text", {"v": "1"}, (400, 500)),
    ("null", {"v": [None, 1]}, (400,)),
    ("a row of a multivector too short", {"m": [[1, 2], [3]]}, (400, 422)),
    ("many for one", {"v": [[1, 2], [3, 4]]}, (400,)),
    ("sparse, uneven", {"s": {"indices": [1, 2], "values": [1]}}, (422,)),
    ("sparse, twice", {"s": {"indices": [1, 1], "values": [1, 2]}}, (422,)),
    ("sparse, negative", {"s": {"indices": [-1], "values": [1]}}, (400,)),
    ("sparse for dense", {"v": SPARSE}, (400,)),
    ("dense for sparse", {"s": [1, 2]}, (400,)),
]


@pytest.mark.parametrize(
    ("bad", "statuses"),
    [(vector, statuses) for _, vector, statuses in BAD_VECTORS],
    ids=[label for label, _, _ in BAD_VECTORS],
)
def test_a_bad_vector_leaves_nothing_by_any_way_in(
    http: httpx.Client, name: str, bad: Any, statuses: tuple[int, ...]
) -> None:
    http.put(f"/collections/{name}", json=CONFIG)
    path = f"/collections/{name}/points"
    good = {"id": 1, "vector": {"v": [0.6, 0.8]}, "payload": {"k": "old"}}
    assert http.put(f"{path}?wait=true", json={"points": [good]}).is_success

    changed = {"id": 1, "vector": {"v": [0.8, 0.6]}, "payload": {"k": "new"}}
    fresh = {"id": 2, "vector": {"v": [0.8, 0.6]}}
    points = [changed, fresh, {"id": 3, "vector": bad}]
    vectors = [{"id": 1, "vector": {"v": [0.8, 0.6]}}, {"id": 1, "vector": bad}]
    upsert = {"upsert": {"points": points}}
    ways = [
        http.put(f"{path}?wait=true", json={"points": points}),
        http.put(f"{path}/vectors?wait=true", json={"points": vectors}),
        http.post(f"{path}/batch?wait=true", json={"operations": [upsert]}),
    ]
    for reply in ways:
        assert reply.status_code in statuses, reply.text
    found = http.post(f"{path}/scroll", json={"with_vector": True}).json()["result"]
    [kept] = found["points"]
    assert kept["payload"] == {"k": "old"}
    assert kept["vector"]["v"] == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize(
    ("bad", "left"),
    [
        ({"id": 3, "vector": {"v": [1]}}, {}),
        ({"id": 3, "vector": {"w": [1, 2]}}, {}),
        ({"id": 3, "vector": {"v": ["1", "2"]}}, {}),
        ({"id": "abc", "vector": {}}, {"k": "old"}),
        ({"id": 3, "vector": {"v": [None, 1]}}, {"k": "old"}),
    ],
)
def test_a_refused_operation_leaves_those_before_it_unless_the_body_is_unreadable(
    http: httpx.Client, name: str, bad: dict[str, Any], left: dict[str, Any]
) -> None:
    http.put(f"/collections/{name}", json=CONFIG)
    path = f"/collections/{name}/points"
    good = {"id": 1, "vector": {"v": [1, 0]}, "payload": {"k": "old"}}
    assert http.put(f"{path}?wait=true", json={"points": [good]}).is_success
    operations = [
        {"clear_payload": {"points": [1]}},
        {"upsert": {"points": [{"id": 2, "vector": {}}, bad]}},
        {"delete": {"points": [1]}},
    ]
    reply = http.post(f"{path}/batch?wait=true", json={"operations": operations})
    assert reply.status_code in (400, 500)
    [kept] = http.post(f"{path}/scroll", json={}).json()["result"]["points"]
    assert (kept["id"], kept["payload"]) == (1, left)


@pytest.mark.parametrize(
    "columns",
    [
        {"ids": [1, 2], "vectors": {"v": [[1, 2], [1]]}},
        {"ids": [1, 2], "vectors": {"v": [[1, 2]]}},
        {"ids": [1, 2], "vectors": {"v": [[1, 2], [3, 4]]}, "payloads": [{}]},
        {"ids": [1], "vectors": {"w": [[1, 2]]}},
    ],
)
def test_bad_columns_leave_nothing(
    http: httpx.Client, name: str, columns: dict[str, Any]
) -> None:
    http.put(f"/collections/{name}", json=CONFIG)
    path = f"/collections/{name}/points"
    reply = http.put(f"{path}?wait=true", json={"batch": columns})
    assert reply.status_code in (400, 422), reply.text
    assert http.post(f"{path}/count", json={}).json()["result"] == {"count": 0}


@pytest.mark.embedded_only("a server reads such a number as infinite")
def test_a_number_beyond_float32_is_refused(http: httpx.Client, name: str) -> None:
    http.put(f"/collections/{name}", json=CONFIG)
    points = [{"id": 1, "vector": {"v": [1e39, 1]}}]
    reply = http.put(f"/collections/{name}/points?wait=true", json={"points": points})
    assert "out of range" in error_of(reply, 400)


@pytest.mark.parametrize("bad_id", ["abc", -1, 1.5, True, 2**64, "123", None, [1]])
def test_a_bad_id_is_refused(http: httpx.Client, name: str, bad_id: Any) -> None:
    http.put(f"/collections/{name}", json=CONFIG)
    points = [{"id": 1, "vector": {}}, {"id": bad_id, "vector": {}}]
    reply = http.put(f"/collections/{name}/points?wait=true", json={"points": points})
    assert "Format error in JSON body" in error_of(reply, 400)
    count_path = f"/collections/{name}/points/count"
    assert http.post(count_path, json={}).json()["result"] == {"count": 0}


def test_ids_reach_from_zero_to_the_largest_and_uuids_any_way(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    http.put(f"/collections/{name}", json={"vectors": {"size": 1, "distance": "Dot"}})
    one, two = uuid.uuid4(), uuid.uuid4()
    ids: list[Any] = [0, 2**64 - 1, str(one), two.hex]
    points = [{"id": i, "vector": [1]} for i in ids]
    path = f"/collections/{name}/points"
    assert http.put(f"{path}?wait=true", json={"points": points}).is_success
    assert set(everything(client, name)) == {0, 2**64 - 1, str(one), str(two)}
    assert http.get(f"{path}/{two}").json()["result"]["id"] == str(two)
    assert error_of(http.get(f"{path}/77"), 404)
    error_of(http.get(f"{path}/not-an-id"), 400)


def test_the_error_names_the_sizes(client: QdrantClient, name: str) -> None:
    client.create_collection(name, vectors_config={"v": dense(8)})
    bad = models.PointStruct(id=1, vector={"v": [1.0] * 7})
    text = refused(400, lambda: client.upsert(name, [bad]))
    assert "Vector dimension error: expected dim: 8, got 7" in text
    assert count(client, name) == 0


def test_the_answer_says_whether_the_write_was_awaited(
    client: QdrantClient, name: str
) -> None:
    client.create_collection(name, vectors_config=dense(1))
    point = models.PointStruct(id=1, vector=[math.pi])
    waited = client.upsert(name, [point], wait=True)
    assert waited.status == models.UpdateStatus.COMPLETED
    handed_over = client.upsert(name, [point], wait=False)
    assert handed_over.status == models.UpdateStatus.ACKNOWLEDGED


def test_writes_are_not_awaited_unless_asked(http: httpx.Client, name: str) -> None:
    http.put(f"/collections/{name}", json={"vectors": {"size": 1, "distance": "Dot"}})
    body = {"points": [{"id": 1, "vector": [1]}]}
    reply = http.put(f"/collections/{name}/points", json=body)
    assert reply.json()["result"]["status"] == "acknowledged"
    index = {"field_name": "k", "field_schema": "keyword"}
    reply = http.put(f"/collections/{name}/index", json=index)
    assert reply.json()["result"]["status"] == "acknowledged"
