"""Named vectors that come and go while points are there."""

from functools import partial
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
    skip_unless_known,
)


def has(vector: str) -> models.Filter:
    return models.Filter(must=[models.HasVectorCondition(has_vector=vector)])


def dense_name(size: int, distance: str = "Cosine") -> models.DenseVectorNameConfig:
    config = models.DenseVectorConfig(size=size, distance=models.Distance(distance))
    return models.DenseVectorNameConfig(dense=config)


SPARSE = models.SparseVectorNameConfig(sparse=models.SparseVectorConfig())


@pytest.fixture(autouse=True)
def _known(http: httpx.Client, name: str) -> None:
    skip_unless_known(http, "PUT", f"/collections/{name}/vectors/v")


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    client.create_collection(name, vectors_config={"a": dense(2)})
    points = [models.PointStruct(id=i, vector={"a": [i, 1.0]}) for i in range(10)]
    client.upsert(name, points)
    return name


def test_a_new_name_is_shown_and_no_point_has_it(
    client: QdrantClient, filled: str
) -> None:
    client.create_vector_name(filled, "b", dense_name(3))
    client.create_vector_name(filled, "s", SPARSE)
    params = client.get_collection(filled).config.params
    assert isinstance(params.vectors, dict)
    assert params.vectors["b"] == dense(3, "Cosine")
    assert params.sparse_vectors is not None
    assert "s" in params.sparse_vectors
    assert count(client, filled, has("b")) == count(client, filled, has("s")) == 0
    assert everything(client, filled)[1] == ({}, {"a": [1, 1]})
    found = client.query_points(filled, query=[1.0, 0.0, 0.0], using="b").points
    assert found == []


def test_backfill_reaches_the_points_it_names(
    client: QdrantClient, filled: str
) -> None:
    client.create_vector_name(filled, "b", dense_name(3, "Dot"))
    client.create_vector_name(filled, "s", SPARSE)
    words = models.SparseVector(indices=[5], values=[2.0])
    vectors = [
        models.PointVectors(id=i, vector={"b": [i, 0.0, 0.0], "s": words})
        for i in (1, 2)
    ]
    client.update_vectors(filled, vectors)
    assert count(client, filled, has("b")) == 2
    found = client.query_points(filled, query=[1.0, 0.0, 0.0], using="b").points
    assert [(point.id, point.score) for point in found] == [(2, 2.0), (1, 1.0)]
    assert len(client.query_points(filled, query=words, using="s").points) == 2
    assert everything(client, filled)[3] == ({}, {"a": [3, 1]})


def test_the_same_again_changes_nothing(client: QdrantClient, filled: str) -> None:
    client.create_vector_name(filled, "b", dense_name(3))
    client.update_vectors(
        filled, [models.PointVectors(id=1, vector={"b": [1.0, 0.0, 0.0]})]
    )
    client.create_vector_name(filled, "b", dense_name(3))
    assert count(client, filled, has("b")) == 1


def test_the_same_name_with_another_shape_is_refused(
    client: QdrantClient, filled: str
) -> None:
    client.create_vector_name(filled, "b", dense_name(3))
    for other in (dense_name(4), dense_name(3, "Dot"), SPARSE):
        refused(400, partial(client.create_vector_name, filled, "b", other))
    params = client.get_collection(filled).config.params
    assert isinstance(params.vectors, dict)
    assert params.vectors["b"] == dense(3, "Cosine")


def test_a_dropped_name_is_gone_from_collection_and_points(
    client: QdrantClient, filled: str
) -> None:
    client.create_vector_name(filled, "b", dense_name(3))
    client.update_vectors(
        filled, [models.PointVectors(id=1, vector={"b": [1.0, 0.0, 0.0]})]
    )
    client.delete_vector_name(filled, "b")
    params = client.get_collection(filled).config.params
    assert params.vectors == {"a": dense(2)}
    assert everything(client, filled)[1] == ({}, {"a": [1, 1]})
    asked: dict[str, Any] = {"query": [1.0, 0.0, 0.0], "using": "b"}
    refused(400, lambda: client.query_points(filled, **asked))
    point = models.PointStruct(id=1, vector={"b": [1.0, 0.0, 0.0]})
    refused(400, lambda: client.upsert(filled, [point]))


def test_a_name_can_come_back_with_another_shape(
    client: QdrantClient, filled: str
) -> None:
    client.create_vector_name(filled, "b", dense_name(3))
    client.delete_vector_name(filled, "b")
    client.create_vector_name(filled, "b", dense_name(5))
    client.update_vectors(
        filled, [models.PointVectors(id=1, vector={"b": [1.0, 0.0, 0.0, 0.0, 0.0]})]
    )
    assert count(client, filled, has("b")) == 1


def test_vectors_of_single_points_can_be_deleted(
    client: QdrantClient, filled: str
) -> None:
    client.create_vector_name(filled, "b", dense_name(1))
    client.update_vectors(
        filled, [models.PointVectors(id=i, vector={"b": [1.0]}) for i in range(10)]
    )
    client.delete_vectors(filled, ["b"], points=[1, 2])
    assert count(client, filled, has("b")) == 8
    client.delete_vectors(filled, ["b"], points=has("b"))
    assert count(client, filled, has("b")) == 0
    assert count(client, filled, has("a")) == 10


def test_a_name_beside_the_unnamed_vector(client: QdrantClient, name: str) -> None:
    client.create_collection(name, vectors_config=dense(2))
    client.upsert(name, [models.PointStruct(id=i, vector=[i, 1.0]) for i in (1, 2)])
    client.create_vector_name(name, "b", dense_name(1, "Dot"))
    client.update_vectors(name, [models.PointVectors(id=1, vector={"b": [4.0]})])
    both = models.PointStruct(id=3, vector={"": [3.0, 1.0], "b": [5.0]})
    client.upsert(name, [both])
    assert count(client, name, has("b")) == 2
    found = client.query_points(name, query=[1.0], using="b").points
    assert [point.id for point in found] == [3, 1]
    found = client.query_points(name, query=[1.0, 0.0]).points
    assert [point.id for point in found] == [3, 2, 1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"dense": {"size": 3}}, 400),
        ({"dense": {"size": 0, "distance": "Dot"}}, 422),
        ({"dense": {"size": 3, "distance": "Hamming"}}, 400),
    ],
)
def test_a_bad_shape_makes_no_name(
    http: httpx.Client, filled: str, body: dict[str, object], status: int
) -> None:
    path = f"/collections/{filled}"
    error_of(http.put(f"{path}/vectors/b?wait=true", json=body), status)
    params = http.get(path).json()["result"]["config"]["params"]
    assert set(params["vectors"]) == {"a"}
