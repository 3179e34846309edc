"""Collections and their metadata: made, seen, changed, gone."""

from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.conftest import NewName
from tests.contract.qdrant.steps import dense, error_of, refused


def test_a_collection_comes_and_goes(client: QdrantClient, name: str) -> None:
    assert client.collection_exists(name) is False
    assert client.create_collection(name, vectors_config=dense()) is True
    assert client.collection_exists(name) is True
    assert name in {c.name for c in client.get_collections().collections}
    assert client.delete_collection(name) is True
    assert client.collection_exists(name) is False
    assert name not in {c.name for c in client.get_collections().collections}


def test_a_new_collection_is_empty_and_green(client: QdrantClient, name: str) -> None:
    client.create_collection(name, vectors_config=dense(8, "Cosine"))
    info = client.get_collection(name)
    assert info.status == models.CollectionStatus.GREEN
    assert (info.points_count, info.indexed_vectors_count) == (0, 0)
    assert info.segments_count >= 1
    assert info.payload_schema == {}
    assert info.config.params.vectors == dense(8, "Cosine")


def test_the_stated_configuration_is_shown(client: QdrantClient, name: str) -> None:
    client.create_collection(
        name,
        vectors_config={"a": dense(3, on_disk=True), "b": dense(5, "Euclid")},
        sparse_vectors_config={
            "s": models.SparseVectorParams(modifier=models.Modifier.IDF)
        },
        hnsw_config=models.HnswConfigDiff(m=8, payload_m=4),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=123),
        quantization_config=models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8)
        ),
        on_disk_payload=False,
    )
    config = client.get_collection(name).config
    assert config.params.vectors == {
        "a": dense(3, on_disk=True),
        "b": dense(5, "Euclid"),
    }
    assert config.params.sparse_vectors is not None
    assert config.params.sparse_vectors["s"].modifier == models.Modifier.IDF
    assert config.params.on_disk_payload is False
    assert (config.hnsw_config.m, config.hnsw_config.payload_m) == (8, 4)
    assert config.hnsw_config.ef_construct == 100
    assert config.optimizer_config.indexing_threshold == 123
    assert isinstance(config.quantization_config, models.ScalarQuantization)


def test_the_same_name_twice_is_a_conflict(client: QdrantClient, name: str) -> None:
    client.create_collection(name, vectors_config=dense())
    text = refused(409, lambda: client.create_collection(name, vectors_config=dense()))
    assert f"Collection `{name}` already exists" in text


def test_a_missing_collection_is_not_found(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    text = f"Not found: Collection `{name}` doesn't exist!"
    assert error_of(http.get(f"/collections/{name}"), 404) == text
    refused(404, lambda: client.count(name))
    refused(404, lambda: client.update_collection(name, metadata={"a": 1}))
    refused(
        404,
        lambda: client.create_payload_index(
            name, "k", models.PayloadSchemaType.KEYWORD
        ),
    )
    refused(404, lambda: client.delete(name, [1]))


def test_deleting_a_missing_collection_says_false(
    client: QdrantClient, name: str
) -> None:
    assert client.delete_collection(name) is False


@pytest.mark.parametrize("char", [":", "*", "?", "<", "|", '"', "\\", "\x1f"])
def test_a_name_with_a_forbidden_character_is_refused(
    client: QdrantClient, name: str, char: str
) -> None:
    bad = f"{name}{char}x"
    text = refused(422, lambda: client.create_collection(bad, vectors_config=dense()))
    assert "Validation error in path parameters" in text


def test_a_name_may_have_255_letters_and_no_more(
    client: QdrantClient, name: str
) -> None:
    longest = name + "x" * (255 - len(name))
    longer = longest + "x"
    refused(422, lambda: client.create_collection(longer, vectors_config=dense()))
    try:
        assert client.create_collection(longest, vectors_config=dense())
        assert client.collection_exists(longest)
    finally:
        client.delete_collection(longest)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"vectors": {"size": 0}}, 400),
        ({"vectors": {"size": 0, "distance": "Dot"}}, 400),
        ({"vectors": {"v": {"size": 0, "distance": "Dot"}}}, 400),
        ({"vectors": {"size": 70_000, "distance": "Dot"}}, 422),
        ({"vectors": {"size": 4, "distance": "Hamming"}}, 400),
        ({"vectors": {"size": "4", "distance": "Dot"}}, 400),
        ({"vectors": {"size": 4}}, 400),
        ({"vectors": [4]}, 400),
        ({"vectors": {"size": 4, "distance": "Dot"}, "hnsw_config": {"m": -1}}, None),
    ],
)
def test_a_bad_configuration_makes_no_collection(
    http: httpx.Client, name: str, body: dict[str, Any], status: int | None
) -> None:
    reply = http.put(f"/collections/{name}", json=body)
    assert reply.status_code == status if status else reply.status_code in (400, 422)
    if status == 400:
        text = "Format error in JSON body: data did not match any variant of untagged"
        assert error_of(reply, 400).startswith(f"{text} enum VectorsConfig")
    assert http.get(f"/collections/{name}/exists").json()["result"] == {"exists": False}


def test_two_collections_do_not_share_points(
    client: QdrantClient, new_name: NewName
) -> None:
    one, two = new_name(), new_name()
    for name in (one, two):
        client.create_collection(name, vectors_config=dense(2))
    client.upsert(one, [models.PointStruct(id=1, vector=[1.0, 2.0], payload={})])
    assert (client.count(one).count, client.count(two).count) == (1, 0)


def test_metadata_merges_by_key_and_null_removes(
    client: QdrantClient, http: httpx.Client, name: str
) -> None:
    client.create_collection(
        name, vectors_config=dense(), metadata={"source": "a", "run": {"id": 1}}
    )
    assert client.get_collection(name).config.metadata == {
        "source": "a",
        "run": {"id": 1},
    }
    client.update_collection(name, metadata={"run": {"id": 2}, "schema": 3})
    path = f"/collections/{name}"
    assert http.patch(path, json={"metadata": {"source": None}}).status_code == 200
    assert http.patch(path, json={}).status_code == 200
    assert client.get_collection(name).config.metadata == {
        "run": {"id": 2},
        "schema": 3,
    }


def test_a_patch_changes_what_it_names_and_keeps_the_data(
    client: QdrantClient, name: str
) -> None:
    client.create_collection(name, vectors_config={"a": dense()})
    client.upsert(
        name,
        [
            models.PointStruct(
                id=1, vector={"a": [1.0, 2.0, 3.0, 4.0]}, payload={"k": 1}
            )
        ],
    )
    client.update_collection(
        name,
        hnsw_config=models.HnswConfigDiff(m=24),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=777),
        vectors_config={
            "a": models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=32))
        },
        quantization_config=models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8)
        ),
    )
    config = client.get_collection(name).config
    assert (config.hnsw_config.m, config.hnsw_config.ef_construct) == (24, 100)
    assert config.optimizer_config.indexing_threshold == 777
    assert isinstance(config.params.vectors, dict)
    own = config.params.vectors["a"].hnsw_config
    assert own is not None
    assert own.m == 32
    assert config.quantization_config is not None
    client.update_collection(name, quantization_config=models.Disabled.DISABLED)
    assert client.get_collection(name).config.quantization_config is None
    assert client.retrieve(name, [1], with_vectors=True)[0].vector == {
        "a": [1, 2, 3, 4]
    }


SETTINGS: dict[str, Any] = {
    "vectors": {"v": {"size": 4, "distance": "Dot", "on_disk": True}},
    "shard_number": 2,
    "replication_factor": 2,
    "write_consistency_factor": 2,
    "on_disk_payload": False,
    "hnsw_config": {"m": 8, "ef_construct": 64, "on_disk": True, "payload_m": 4},
    "wal_config": {"wal_capacity_mb": 8, "wal_segments_ahead": 1},
    "optimizers_config": {
        "deleted_threshold": 0.5,
        "vacuum_min_vector_number": 500,
        "default_segment_number": 3,
        "max_segment_size": 5_000,
        "indexing_threshold": 7_000,
        "flush_interval_sec": 9,
        "max_optimization_threads": 1,
    },
    "quantization_config": {"scalar": {"type": "int8", "quantile": 0.9}},
    "metadata": {"made": {"by": "a test"}, "list": [1, None]},
}
FAN_OUT = {"read_fan_out_factor": 1, "read_fan_out_delay_ms": 20}


def within(stated: Any, found: Any) -> bool:
    """Whether everything stated is found; more may be there, such as defaults."""
    if isinstance(stated, dict) and isinstance(found, dict):
        return all(within(value, found.get(key)) for key, value in stated.items())
    return bool(stated == found)


def test_every_setting_is_kept_and_shown(http: httpx.Client, name: str) -> None:
    path = f"/collections/{name}"
    assert http.put(path, json=SETTINGS).is_success
    assert http.patch(path, json={"params": FAN_OUT}).is_success
    config = http.get(path).json()["result"]["config"]
    params = {
        key: SETTINGS[key]
        for key in ("vectors", "shard_number", "replication_factor", "on_disk_payload")
    }
    params["write_consistency_factor"] = 2
    assert within({**params, **FAN_OUT}, config["params"]), config["params"]
    shown = {**config, "optimizers_config": config["optimizer_config"]}
    parts = ("hnsw_config", "wal_config", "optimizers_config", "quantization_config")
    for part in (*parts, "metadata"):
        assert within(SETTINGS[part], shown[part]), (part, shown[part])
    shards = http.get(f"{path}/cluster").json()["result"]
    assert shards["shard_count"] == 2


def test_the_sharding_method_is_kept(http: httpx.Client, name: str) -> None:
    path = f"/collections/{name}"
    body = {**SETTINGS, "sharding_method": "custom", "shard_number": 1}
    assert http.put(path, json=body).is_success
    params = http.get(path).json()["result"]["config"]["params"]
    assert params["sharding_method"] == "custom"


@pytest.mark.embedded_only("a distributed server makes shard keys")
def test_one_node_makes_no_shard_keys_and_moves_no_shards(
    http: httpx.Client, name: str
) -> None:
    path = f"/collections/{name}"
    assert http.put(path, json={**SETTINGS, "sharding_method": "custom"}).is_success
    for method, tail in (("PUT", "/shards"), ("POST", "/shards/delete")):
        reply = http.request(method, f"{path}{tail}", json={"shard_key": "a"})
        assert error_of(reply, 400) == "Bad request: Distributed mode disabled"
    assert http.get(f"{path}/shards").json()["result"]["shard_keys"] == []


@pytest.mark.parametrize(
    "bad",
    [
        {"wal_config": {"wal_capacity_mb": 0}},
        {"wal_config": {"wal_capacity_mb": "8"}},
        {"replication_factor": 0},
        {"shard_number": 0},
        {"sharding_method": "random"},
        {"optimizers_config": {"deleted_threshold": 2}},
    ],
)
def test_a_bad_setting_makes_no_collection(
    http: httpx.Client, name: str, bad: dict[str, Any]
) -> None:
    reply = http.put(f"/collections/{name}", json={**SETTINGS, **bad})
    assert reply.status_code in (400, 422), reply.text
    assert http.get(f"/collections/{name}").status_code == 404
