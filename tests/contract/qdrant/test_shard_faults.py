"""Shards brought between servers that are killed, that are full, or that are others."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient, models

from nsadmin.embedded.servers import qdrant_process
from nsadmin.embedded.supervision import ports
from nsadmin.errors import NsadminError, Unavailable, UpstreamError
from nsadmin.stores.qdrant import shards
from nsadmin.stores.qdrant.cluster import Cluster
from nsadmin.stores.seal import Secret
from tests.contract.qdrant.conftest import Connect
from tests.contract.qdrant.steps import count, dense, everything
from tests.embedded_servers import RunningQdrant, RunningServer, running, running_qdrant

pytestmark = pytest.mark.embedded_only("a server of somebody else is not ours to kill")

SIZE = 256
POINTS = 4000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningQdrant]:
    """The server of the target, to be killed."""
    with running_qdrant(tmp_path / "data", api_key="a key") as it:
        yield it


@pytest.fixture
def other(tmp_path: Path) -> Iterator[RunningQdrant]:
    """The server of the source."""
    with running_qdrant(tmp_path / "other", api_key="another key") as it:
        yield it


def cluster(server: RunningQdrant) -> Cluster:
    return Cluster(server.url, Secret(server.api_key) if server.api_key else None)


def fill(client: QdrantClient, name: str, number: int, value: float) -> None:
    """A collection of that many points, all of whose vectors begin with `value`."""
    client.create_collection(name, vectors_config=dense(SIZE))
    client.create_payload_index(name, "n", models.PayloadSchemaType.INTEGER)
    for start in range(0, number, 500):
        ids = range(start, min(start + 500, number))
        vectors = [[value, float(i), *[1.0] * (SIZE - 2)] for i in ids]
        client.upsert(
            name,
            [
                models.PointStruct(id=i, vector=vector, payload={"n": i})
                for i, vector in zip(ids, vectors, strict=True)
            ],
        )


def bring(source: RunningQdrant, target: RunningQdrant) -> shards.Streamed:
    return shards.stream(
        *(cluster(source), "one", cluster(target), "two", 0),
        on_bytes=lambda _: None,
        within_s=60,
    )


def test_a_shard_goes_from_one_server_to_another(
    connect: Connect, server: RunningQdrant, other: RunningQdrant
) -> None:
    here = connect(server.url, server.api_key)
    there = connect(other.url, other.api_key)
    fill(there, "one", 1200, 1.0)
    fill(here, "two", 3, 2.0)
    assert bring(other, server).bytes > 1200 * SIZE * 4
    assert everything(there, "one") == everything(here, "two")
    fields = here.get_collection("two").payload_schema
    assert fields["n"].points == 1200
    server.kill()
    server.restart()
    assert count(here, "two") == 1200, "what was answered is kept"


def test_a_server_without_the_right_key_is_refused(
    connect: Connect, server: RunningQdrant, other: RunningQdrant
) -> None:
    fill(connect(other.url, other.api_key), "one", 10, 1.0)
    fill(connect(server.url, server.api_key), "two", 3, 2.0)
    server.api_key = "a wrong key"
    with pytest.raises(UpstreamError) as caught:
        bring(other, server)
    assert (caught.value.details["status"], caught.value.details["side"]) == (
        401,
        "target",
    )


@pytest.mark.parametrize(
    "after_s",
    [
        0.05,
        pytest.param(0.15, marks=pytest.mark.faults),
        pytest.param(0.4, marks=pytest.mark.faults),
    ],
)
def test_a_kill_during_a_recovery_leaves_the_old_or_the_new(
    connect: Connect, server: RunningQdrant, other: RunningQdrant, after_s: float
) -> None:
    here = connect(server.url, server.api_key)
    there = connect(other.url, other.api_key)
    fill(there, "one", POINTS, 1.0)
    fill(here, "two", 3, 2.0)
    before, after = everything(here, "two"), everything(there, "one")
    done = threading.Event()

    def run() -> None:
        with suppress(NsadminError):
            bring(other, server)
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(after_s)
    server.kill()
    thread.join()
    server.restart()
    found = everything(here, "two")
    assert found in (before, after)
    assert found == after or not done.is_set(), "an answered recovery is kept"
    bring(other, server)
    assert everything(here, "two") == after


def test_a_kill_of_the_source_leaves_the_old(
    connect: Connect, server: RunningQdrant, other: RunningQdrant
) -> None:
    here = connect(server.url, server.api_key)
    fill(connect(other.url, other.api_key), "one", POINTS, 1.0)
    fill(here, "two", 3, 2.0)
    before = everything(here, "two")

    def kill(_: int) -> None:
        # A later call finds it dead already.
        with suppress(ProcessLookupError):
            other.kill()

    with pytest.raises(Unavailable) as caught:
        shards.stream(
            *(cluster(other), "one", cluster(server), "two", 0),
            on_bytes=kill,
            within_s=60,
        )
    assert caught.value.details["side"] == "source"
    assert everything(here, "two") == before


def test_others_are_served_while_a_shard_is_brought(
    connect: Connect, server: RunningQdrant, other: RunningQdrant
) -> None:
    fill(connect(other.url, other.api_key), "one", 2 * POINTS, 1.0)
    fill(connect(server.url, server.api_key), "two", 3, 2.0)
    thread = threading.Thread(target=bring, args=(other, server))
    thread.start()
    longest = 0.0
    with httpx.Client(headers={"api-key": "another key"}) as client:
        while thread.is_alive():
            began = time.monotonic()
            assert client.get(f"{other.url}/collections/one").is_success
            longest = max(longest, time.monotonic() - began)
    thread.join()
    assert longest < 5


# A full disk -------------------------------------------------------------------------


def can_mount() -> bool:
    """Whether a file system of the test's own can be mounted."""
    tool = shutil.which("unshare")
    mount = "mount -t tmpfs -o size=1m none /mnt"
    return bool(tool) and not subprocess.call(
        [tool or "", "-Urm", "sh", "-c", mount], stderr=subprocess.DEVNULL
    )


@pytest.fixture
def small(tmp_path: Path) -> Iterator[RunningServer]:
    """An embedded Qdrant on a disk of its own, which has 100 MB."""
    if not can_mount():
        pytest.skip("no file system can be mounted here (unshare)")
    place, port = tmp_path / "small", ports.free_port()
    process = qdrant_process.process(place, port, api_key="", name="qdrant")
    mount = 'mount -t tmpfs -o size=100m none "$0" && exec "$@"'
    shell = ["unshare", "-Urm", "sh", "-c", mount, str(place)]
    process = replace(process, argv=[*shell, *process.argv])
    with running(process, url=f"http://{ports.HOST}:{port}", port=port) as server:
        yield server


def seen_by(server: RunningServer, tmp_path: Path) -> Path:
    """The data directory of the small disk, which is mounted for its server alone."""
    return Path(f"/proc/{server.pid}/root{tmp_path / 'small'}")


def files_in(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


def snapshot(one: Cluster) -> None:
    shards.create_snapshot(one, "one", 0, timeout_s=60)


def recover(one: Cluster) -> None:
    [made] = shards.snapshots(one, "kept", 0)
    where = shards.snapshot_url(one, "kept", 0, made.name)
    shards.recover(one, "two", 0, location=where, checksum=made.checksum, timeout_s=60)


def stream(one: Cluster) -> None:
    shards.stream(*(one, "one", one, "two", 0), on_bytes=lambda _: None, within_s=60)


@pytest.mark.parametrize(
    ("step", "free_mb"),
    [(snapshot, 1), (snapshot, 14), (recover, 7), (stream, 1), (stream, 14)],
)
def test_a_full_disk_is_said_and_leaves_no_remains(
    connect: Connect,
    small: RunningServer,
    tmp_path: Path,
    step: Callable[[Cluster], None],
    free_mb: int,
) -> None:
    one, client = Cluster(small.url), connect(small.url, None)
    for name in ("one", "kept"):
        fill(client, name, POINTS, 1.0)
    fill(client, "two", 3, 2.0)
    shards.create_snapshot(one, "kept", 0, timeout_s=60)
    before, place = everything(client, "two"), seen_by(small, tmp_path)
    ballast = place / "ballast"
    free = shutil.disk_usage(place).free - free_mb * 2**20
    ballast.write_bytes(bytes(free))
    files = files_in(place)
    with pytest.raises(Unavailable) as caught:
        step(one)
    assert caught.value.details["status"] == 500
    told = caught.value.details["upstream"]
    assert "Service internal error" in told
    assert "No space left on device" in told
    assert files_in(place / "staging") == set()
    new = files_in(place) - files
    assert not [file for file in new if "snapshot" in file or ".part" in file]
    assert everything(client, "two") == before
    ballast.unlink()
    step(one)
