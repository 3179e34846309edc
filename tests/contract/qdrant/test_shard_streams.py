"""The product's own calls to shards: streamed, snapshotted, and told about."""

import pytest
from qdrant_client import QdrantClient

from nsadmin.stores.qdrant import shards, telemetry
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.seal import Secret
from tests.contract.qdrant.conftest import NewName
from tests.contract.qdrant.filters import INDEXES, sample
from tests.contract.qdrant.steps import dense, everything

VECTORS = {"a": dense(2, "Cosine")}


@pytest.fixture
def cluster(url: str, api_key: str | None) -> Cluster:
    return Cluster(url, Secret(api_key) if api_key else None)


@pytest.fixture
def source(client: QdrantClient, new_name: NewName) -> str:
    """The sample points with two indexes."""
    name = new_name()
    client.create_collection(name, vectors_config=VECTORS)
    client.upsert(name, sample())
    for field in ("kw", "n"):
        client.create_payload_index(name, field, INDEXES[field])
    return name


@pytest.fixture
def target(client: QdrantClient, new_name: NewName) -> str:
    """An empty collection of the same shape, with metadata of its own."""
    name = new_name()
    client.create_collection(name, vectors_config=VECTORS, metadata={"own": True})
    for field in ("kw", "n"):
        client.create_payload_index(name, field, INDEXES[field])
    return name


def test_a_shard_is_streamed(
    client: QdrantClient, cluster: Cluster, source: str, target: str
) -> None:
    passed: list[int] = []
    found = shards.stream(
        cluster, source, cluster, target, 0, on_bytes=passed.append, within_s=60
    )
    assert found.bytes == sum(passed) > 0
    assert len(found.sha256) == 64
    assert everything(client, source) == everything(client, target)
    assert client.get_collection(target).config.metadata == {"own": True}


def test_a_stream_that_is_stopped_at_its_very_end_replaces_nothing(
    client: QdrantClient, cluster: Cluster, source: str, target: str
) -> None:
    def stop_at_the_end(number: int) -> None:
        if number == 0:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        shards.stream(
            cluster, source, cluster, target, 0, on_bytes=stop_at_the_end, within_s=60
        )
    assert client.count(target, exact=True).count == 0


def test_a_shard_is_recovered_from_a_snapshot(
    client: QdrantClient, cluster: Cluster, source: str, target: str
) -> None:
    made = shards.create_snapshot(cluster, source, 0, timeout_s=60)
    assert shards.snapshots(cluster, source, 0) == [made]
    assert client.list_snapshots(source) == []
    where = shards.snapshot_url(cluster, source, 0, made.name)
    shards.recover(
        cluster, target, 0, location=where, checksum=made.checksum, timeout_s=60
    )
    assert everything(client, source) == everything(client, target)
    assert shards.delete_snapshot(cluster, source, 0, made.name)
    assert not shards.delete_snapshot(cluster, source, 0, made.name)
    assert shards.snapshots(cluster, source, 0) == []


def test_the_layout_names_the_shards(cluster: Cluster, source: str) -> None:
    found = shards.layout(cluster, source)
    assert found is not None
    assert [shard.id for shard in found] == [0]
    assert found[0].is_local
    assert (found[0].points, found[0].key) == (100, None)


def test_the_telemetry_tells_the_size(cluster: Cluster, source: str) -> None:
    size = telemetry.size_of(cluster, source)
    assert size is not None
    assert size.vector_bytes > 0
    disk = telemetry.disk_of(cluster)
    assert disk is None or disk > 2**20
