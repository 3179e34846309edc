"""HNSW builds in the background: the colours on the way, and no write lost."""

import random
import threading
import time
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import (
    count,
    dense,
    equals,
    everything,
    skip_unless_known,
    wait_for_status,
)

SIZE = 32
POINTS = 1600
# Far below the 200 KB that the points take.
LOW = models.OptimizersConfigDiff(indexing_threshold=50)
OFF = models.OptimizersConfigDiff(indexing_threshold=0)


def random_points(ids: range, seed: int = 1) -> list[models.PointStruct]:
    source = random.Random(seed)
    return [
        models.PointStruct(
            id=i,
            vector={"v": [source.random() for _ in range(SIZE)]},
            payload={"n": i, "part": i % 4},
        )
        for i in ids
    ]


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    client.create_collection(
        name, vectors_config={"v": dense(SIZE)}, optimizers_config=OFF
    )
    client.create_payload_index(name, "part", models.PayloadSchemaType.INTEGER)
    for start in range(0, POINTS, 400):
        client.upsert(name, random_points(range(start, start + 400), seed=start))
    return name


def is_yellow(client: QdrantClient, name: str) -> bool:
    return client.get_collection(name).status == models.CollectionStatus.YELLOW


def wait_until_indexed(client: QdrantClient, name: str, at_least: int) -> list[str]:
    seen: list[str] = []
    for _ in range(3):
        seen += wait_for_status(client, name, "green")
        if (client.get_collection(name).indexed_vectors_count or 0) >= at_least:
            return seen
    raise AssertionError(f"{name} went {seen} and is not indexed")


def test_a_lower_threshold_builds_the_index_and_keeps_the_data(
    client: QdrantClient, filled: str, embedded: Any
) -> None:
    info = client.get_collection(filled)
    assert (info.status.value, info.indexed_vectors_count) == ("green", 0)
    before = everything(client, filled)
    asked: dict[str, Any] = {"query": before[17][1]["v"], "using": "v", "limit": 10}
    exact = [point.id for point in client.query_points(filled, **asked).points]

    client.update_collection(filled, optimizers_config=LOW)
    seen = [client.get_collection(filled).status.value]
    seen += wait_until_indexed(client, filled, POINTS // 2)
    if embedded:
        assert seen[0] == "yellow"
    assert everything(client, filled) == before
    found = [point.id for point in client.query_points(filled, **asked).points]
    assert len(set(found) & set(exact)) >= 8, "nearly the same neighbors as by scan"
    assert count(client, filled, equals("part", 1)) == POINTS // 4


def test_the_running_build_is_shown(
    client: QdrantClient, http: httpx.Client, filled: str
) -> None:
    skip_unless_known(http, "GET", f"/collections/{filled}/optimizations")
    client.update_collection(filled, optimizers_config=LOW)
    client.get_optimizations(filled)
    wait_until_indexed(client, filled, POINTS // 2)
    # A server lists one as running from the moment that it is planned, so the list may
    # be filled once more after the status was green.
    give_up = time.monotonic() + 60
    while (now := client.get_optimizations(filled)).running:
        assert time.monotonic() < give_up, now
        time.sleep(0.05)
    assert now.summary.queued_optimizations == 0


def test_writes_during_a_build_are_kept(client: QdrantClient, filled: str) -> None:
    client.update_collection(filled, optimizers_config=LOW)
    wanted = {i: i % 4 for i in range(POINTS)}
    step = 0
    while step < 5 or (step < 100 and is_yellow(client, filled)):
        fresh = range(POINTS + step * 10, POINTS + step * 10 + 10)
        client.upsert(filled, random_points(fresh, seed=step))
        wanted |= {i: i % 4 for i in fresh}
        client.delete(filled, [step, step + 500])
        wanted.pop(step, None)
        wanted.pop(step + 500, None)
        client.set_payload(filled, {"part": 9}, points=[step + 1000])
        wanted[step + 1000] = 9
        step += 1
    wait_until_indexed(client, filled, POINTS // 2)
    found = {
        i: payload["part"] for i, (payload, _) in everything(client, filled).items()
    }
    assert found == wanted
    assert count(client, filled, equals("part", 9)) == step


def test_crossing_the_threshold_by_writing_builds_too(
    client: QdrantClient, name: str
) -> None:
    client.create_collection(
        name, vectors_config={"v": dense(SIZE)}, optimizers_config=LOW
    )
    for start in range(0, 1000, 250):
        client.upsert(name, random_points(range(start, start + 250)))
    wait_until_indexed(client, name, 500)
    assert count(client, name) == 1000


def test_reads_go_on_during_a_build(client: QdrantClient, filled: str) -> None:
    failures: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                assert count(client, filled) == POINTS
                assert len(client.scroll(filled, limit=5, with_vectors=True)[0]) == 5
            except Exception as error:  # noqa: BLE001 - any of them fails the test
                failures.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    client.update_collection(filled, optimizers_config=LOW)
    wait_until_indexed(client, filled, POINTS // 2)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []


@pytest.mark.embedded_only("a build can be over before it is looked at elsewhere")
def test_deleting_a_collection_ends_its_build(
    client: QdrantClient, filled: str
) -> None:
    client.update_collection(filled, optimizers_config=LOW)
    assert client.get_collection(filled).status.value == "yellow"
    assert client.delete_collection(filled)
    assert not client.collection_exists(filled)


def test_quantization_can_be_added_to_an_indexed_collection(
    client: QdrantClient, filled: str
) -> None:
    client.update_collection(filled, optimizers_config=LOW)
    wait_until_indexed(client, filled, POINTS // 2)
    scalar = models.ScalarQuantizationConfig(type=models.ScalarType.INT8)
    client.update_collection(
        filled, quantization_config=models.ScalarQuantization(scalar=scalar)
    )
    wait_for_status(client, filled, "green")
    query = random_points(range(1))[0].vector
    assert isinstance(query, dict)
    found = client.query_points(filled, query=query["v"], using="v", limit=3).points
    assert len(found) == 3
    assert count(client, filled) == POINTS
