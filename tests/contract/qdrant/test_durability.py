"""A kill -9 loses nothing that was acknowledged, and what it leaves is put in order."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import (
    ResponseHandlingException,
    UnexpectedResponse,
)

from tests.contract.qdrant.conftest import Connect
from tests.contract.qdrant.steps import (
    count,
    dense,
    equals,
    everything,
    points,
    wait_for_status,
)
from tests.embedded_servers import RunningQdrant, running_qdrant

pytestmark = pytest.mark.embedded_only("a server of somebody else is not ours to kill")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[RunningQdrant]:
    """A server of the test's own, to be killed."""
    with running_qdrant(data) as it:
        yield it


@pytest.fixture
def own(connect: Connect, server: RunningQdrant) -> QdrantClient:
    return connect(server.url, None)


def write_until_killed(
    own: QdrantClient, server: RunningQdrant, *, enough: int
) -> dict[Any, Any]:
    """Write from four threads until the server is killed; return what was answered.

    It is killed once that many points are answered, however slow the machine is.
    """
    done: dict[Any, Any] = {}

    def write(worker: int) -> None:
        for step in range(10_000):
            ids = [worker * 1_000_000 + step * 10 + i for i in range(10)]
            value = [float(worker), float(step), 1.0, 1.0]
            try:
                own.upsert("c", points(ids, value, n=step))
                done.update({i: {"n": step} for i in ids})
                own.set_payload("c", {"late": True}, points=[ids[0]])
                done[ids[0]] = {"n": step, "late": True}
            except ResponseHandlingException:
                return

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1.2)
    give_up = time.monotonic() + 60
    while len(done) < enough and time.monotonic() < give_up:
        time.sleep(0.05)
    server.kill()
    for thread in threads:
        thread.join()
    return done


def test_acknowledged_writes_survive_kill_9(
    own: QdrantClient, server: RunningQdrant
) -> None:
    own.create_collection("c", vectors_config=dense())
    for _ in range(2):
        done = write_until_killed(own, server, enough=201)
        assert len(done) > 200
        server.restart()
        found = everything(own, "c")
        lost = {i for i, payload in done.items() if i not in found}
        assert lost == set()
        changed = {
            i
            for i, payload in done.items()
            if not payload.items() <= found[i][0].items()
        }
        assert changed == set()


@pytest.mark.faults
def test_kill_9_during_a_build(
    own: QdrantClient, server: RunningQdrant, data: Path
) -> None:
    own.create_collection(
        "c",
        vectors_config=dense(128),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=0),
    )
    for start in range(0, 4000, 500):
        vectors = [
            [float((i * k) % 97) for k in range(128)] for i in range(start, start + 500)
        ]
        own.upsert(
            "c",
            [
                models.PointStruct(id=start + i, vector=vector, payload={"old": True})
                for i, vector in enumerate(vectors)
            ],
        )
    low = models.OptimizersConfigDiff(indexing_threshold=100)
    own.update_collection("c", optimizers_config=low)
    assert own.get_collection("c").status.value == "yellow"
    own.upsert("c", points(range(9000, 9010), [1.0] * 128, old=False))
    own.delete("c", list(range(10)))
    server.kill()
    assert optimizers_of(data) == []
    server.restart()
    assert count(own, "c") == 4000
    assert count(own, "c", equals("old", False)) == 10
    assert own.get_collection("c").status.value in ("grey", "yellow")
    own.set_payload("c", {"touched": 1}, points=[9000])
    wait_for_status(own, "c", "green")
    assert count(own, "c") == 4000
    shards = list(data.glob("collections/*/shard-*"))
    assert len(shards) == 1, "no copy stays behind"


def optimizers_of(data: Path) -> list[str]:
    """Command lines of build processes that work in a data directory."""
    give_up = time.monotonic() + 2
    while True:
        lines = [
            path.read_bytes().decode().replace("\0", " ")
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if path.exists()
        ]
        mine = [
            line for line in lines if "optimize_child" in line and str(data) in line
        ]
        if not mine or time.monotonic() > give_up:
            return mine
        time.sleep(0.05)


def test_structure_survives_kill_9(own: QdrantClient, server: RunningQdrant) -> None:
    own.create_collection("c", vectors_config={"a": dense()}, metadata={"m": 1})
    own.upsert("c", points([1], {"a": [1.0, 2.0, 3.0, 4.0]}, k="x"))
    own.create_payload_index("c", "k", models.PayloadSchemaType.KEYWORD)
    config = models.DenseVectorConfig(size=2, distance=models.Distance.DOT)
    own.create_vector_name("c", "b", models.DenseVectorNameConfig(dense=config))
    alias = models.CreateAlias(collection_name="c", alias_name="also")
    own.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    own.update_collection("c", metadata={"n": 2})
    before = own.get_collection("c")
    server.kill()
    server.restart()
    after = own.get_collection("also")
    assert after.config == before.config
    assert after.payload_schema == before.payload_schema
    assert after.points_count == 1
    own.delete_vector_name("c", "b")
    own.delete_payload_index("c", "k")
    own.delete_collection("c")
    server.kill()
    server.restart()
    assert own.get_collections().collections == []
    assert own.get_aliases().aliases == []


def test_a_term_signal_ends_in_order(
    own: QdrantClient, server: RunningQdrant, data: Path
) -> None:
    own.create_collection("c", vectors_config=dense())
    own.upsert("c", points(range(100)))
    [home] = data.glob("collections/c-*")
    assert not (home / "figures.json").exists(), "wrong while writes are not flushed"
    server.stop()
    assert json.loads((home / "figures.json").read_text())["points_count"] == 100
    server.restart()
    assert own.get_collection("c").points_count == 100


def test_leftovers_are_put_in_order_at_the_start(
    own: QdrantClient, server: RunningQdrant, data: Path
) -> None:
    own.create_collection("c", vectors_config=dense())
    own.create_collection("broken", vectors_config=dense())
    own.upsert("c", points(range(10)))
    server.stop()

    homes = {
        json.loads(p.read_text())["name"]: p.parent
        for p in data.glob("*/*/*.json")
        if p.name == "collection.json"
    }
    home = homes["c"]
    [shard] = home.glob("shard-*")
    shutil.copytree(shard, home / "shard-copyofanoptimizer")
    (home / "collection.json.part").write_text('{"name": "c", "conf')
    half = data / "collections" / "half-made"
    shutil.copytree(shard, half / "shard-1")
    (homes["broken"] / "collection.json").write_text("{")
    (data / "staging" / "rest").mkdir(parents=True)
    (data / "aliases.json").write_text('{"dangling": "gone", "good": "c"}')
    (data / "collections" / "a-stray-file").write_text("")

    server.restart()
    assert [c.name for c in own.get_collections().collections] == ["c"]
    assert count(own, "good") == 10
    assert [a.alias_name for a in own.get_aliases().aliases] == ["good"]
    assert list(home.glob("shard-*")) == [shard]
    assert not half.exists()
    assert list((data / "staging").iterdir()) == []
    assert len(list((data / "unreadable").iterdir())) == 1, "kept for a person to see"
    own.create_collection("broken", vectors_config=dense())
    assert count(own, "broken") == 0


def test_unreadable_aliases_do_not_keep_it_from_starting(
    own: QdrantClient, server: RunningQdrant, data: Path
) -> None:
    own.create_collection("c", vectors_config=dense())
    server.stop()
    for content in ("{", '[{"a": 1}]'):
        (data / "aliases.json").write_text(content)
        server.restart()
        assert own.get_aliases().aliases == []
        server.stop()


def test_one_directory_serves_one_server(server: RunningQdrant, data: Path) -> None:
    command = [sys.executable, "-m", "nsadmin.embedded.qdrant"]
    second = subprocess.run(
        [*command, "--data", str(data), "--port", "1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode != 0
    assert "is in use by another embedded Qdrant" in second.stderr


def test_a_damaged_shard_does_not_take_the_others_with_it(
    own: QdrantClient, server: RunningQdrant, data: Path
) -> None:
    for name in ("good", "bad"):
        own.create_collection(name, vectors_config=dense())
        own.upsert(name, points(range(5)))
    server.stop()
    [home] = (data / "collections").glob("bad-*")
    [shard] = home.glob("shard-*")
    for file in shard.rglob("segment.json"):
        os.truncate(file, 3)
    (shard / "edge_config.json").write_text("{")
    server.restart()
    assert count(own, "good") == 5
    with pytest.raises(UnexpectedResponse, match=r"Unexpected Response: [45]0\d"):
        count(own, "bad")
    assert {c.name for c in own.get_collections().collections} == {"good", "bad"}
    assert own.delete_collection("bad")
    assert count(own, "good") == 5
