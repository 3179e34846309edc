"""Few shards stay open, and looking at a collection opens none."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.conftest import Connect
from tests.contract.qdrant.steps import count, dense, points
from tests.embedded_servers import RunningQdrant, running_qdrant

pytestmark = pytest.mark.embedded_only(
    "the embedded server closes shards to save memory"
)

NAMES = [f"c{i}" for i in range(6)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningQdrant]:
    with running_qdrant(tmp_path / "data", max_open=2) as it:
        yield it


@pytest.fixture
def own(connect: Connect, server: RunningQdrant) -> QdrantClient:
    client = connect(server.url, None)
    for size, name in enumerate(NAMES, start=1):
        client.create_collection(name, vectors_config=dense())
        client.create_payload_index(name, "k", models.PayloadSchemaType.KEYWORD)
        client.upsert(name, points(range(size), k="x"))
    return client


def open_shards(server: RunningQdrant) -> int:
    """How many shards the process has open, by the lock file each of them holds."""
    targets = []
    for path in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            targets.append(str(path.readlink()))
    return len({target for target in targets if "/shard-" in target})


def sizes(own: QdrantClient) -> dict[str, tuple[int | None, int]]:
    infos = {name: own.get_collection(name) for name in NAMES}
    return {
        name: (info.points_count, info.payload_schema["k"].points)
        for name, info in infos.items()
    }


WANTED = {name: (size, size) for size, name in enumerate(NAMES, start=1)}


def test_no_more_than_allowed_stay_open(
    own: QdrantClient, server: RunningQdrant
) -> None:
    assert 1 <= open_shards(server) <= 2
    for _ in range(2):
        assert [count(own, name) for name in NAMES] == [1, 2, 3, 4, 5, 6]
        assert open_shards(server) == 2


def test_looking_opens_none(own: QdrantClient, server: RunningQdrant) -> None:
    assert sizes(own) == WANTED
    server.stop()
    server.restart()
    assert open_shards(server) == 0
    assert sizes(own) == WANTED
    assert len(own.get_collections().collections) == len(NAMES)
    assert own.collection_cluster_info("c3").local_shards[0].points_count == 4
    assert open_shards(server) == 0
    assert count(own, "c0") == 1
    assert open_shards(server) == 1


def test_the_figures_are_right_after_kill_9(
    own: QdrantClient, server: RunningQdrant
) -> None:
    own.upsert("c0", points(range(50), k="x"))
    server.kill()
    server.restart()
    assert sizes(own) == {**WANTED, "c0": (50, 50)}
    assert open_shards(server) <= 2
