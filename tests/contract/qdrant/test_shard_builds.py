"""HNSW comes along with a shard, and builds give way to it."""

from typing import Any

import httpx
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.conftest import NewName
from tests.contract.qdrant.shard_steps import archive, upload
from tests.contract.qdrant.steps import dense, everything, wait_for_status


def grown(client: QdrantClient, name: str, **more: Any) -> str:
    """A collection of 600 points, which is enough for an HNSW index."""
    client.create_collection(
        name,
        vectors_config=dense(64),
        optimizers_config=models.OptimizersConfigDiff(
            indexing_threshold=20, default_segment_number=1
        ),
        **more,
    )
    vectors = {n: [(n * k % 31) / 31 for k in range(1, 65)] for n in range(600)}
    points = [models.PointStruct(id=n, vector=v) for n, v in vectors.items()]
    client.upsert(name, points)
    return name


def test_hnsw_comes_along(
    client: QdrantClient, http: httpx.Client, new_name: NewName
) -> None:
    names = grown(client, new_name()), new_name()
    client.create_collection(
        names[1],
        vectors_config=dense(64),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=20),
    )
    wait_for_status(client, names[0], "green")
    indexed = client.get_collection(names[0]).indexed_vectors_count
    assert indexed
    assert upload(http, names[1], archive(http, names[0])).is_success
    found = client.get_collection(names[1])
    assert found.indexed_vectors_count == indexed
    assert everything(client, names[0]) == everything(client, names[1])


def test_another_setting_of_hnsw_stays_the_collections_own(
    client: QdrantClient, http: httpx.Client, new_name: NewName
) -> None:
    one = grown(client, new_name())
    two = grown(client, new_name(), hnsw_config=models.HnswConfigDiff(m=24))
    client.delete(two, list(range(100)))
    for name in (one, two):
        wait_for_status(client, name, "green")
    assert upload(http, two, archive(http, one)).is_success
    wait_for_status(client, two, "green")
    assert everything(client, one) == everything(client, two)
    assert client.get_collection(two).config.hnsw_config.m == 24


def test_a_build_under_way_gives_way_to_a_recovery(
    client: QdrantClient, http: httpx.Client, new_name: NewName
) -> None:
    small = new_name()
    client.create_collection(small, vectors_config=dense(64))
    client.upsert(small, [models.PointStruct(id=7, vector=[1.0] * 64)])
    content, wanted = archive(http, small), everything(client, small)
    for _ in range(3):
        name = grown(client, new_name())
        assert client.get_collection(name).points_count
        assert upload(http, name, content).is_success
        assert everything(client, name) == wanted
        wait_for_status(client, name, "green")
        assert everything(client, name) == wanted
