"""Snapshots: a collection in a file and back."""

import hashlib
import io
import tarfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.conftest import Connect, NewName
from tests.contract.qdrant.filters import INDEXES, KINDS, sample
from tests.contract.qdrant.steps import count, dense, error_of, everything, refused
from tests.embedded_servers import RunningQdrant, running_qdrant


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    """The sample points with indexes, a sparse vector and metadata."""
    client.create_collection(
        name,
        vectors_config={"a": dense(2, "Cosine")},
        sparse_vectors_config={"s": models.SparseVectorParams()},
        metadata={"source": "sample"},
    )
    client.upsert(name, sample())
    words = models.SparseVector(indices=[3], values=[0.5])
    client.update_vectors(name, [models.PointVectors(id=1, vector={"s": words})])
    for field in ("kw", "n", "t"):
        client.create_payload_index(name, field, INDEXES[field])
    return name


@dataclass(frozen=True)
class Source:
    """A collection, its snapshot, and how to come by it."""

    collection: str
    snapshot: models.SnapshotDescription
    url: str
    api_key: str | None

    @property
    def path(self) -> str:
        name = urllib.parse.quote(self.snapshot.name)
        return f"/collections/{self.collection}/snapshots/{name}"

    def into(self, client: QdrantClient, target: str, **more: Any) -> bool | None:
        """Recover a collection from the snapshot's address."""
        where = f"{self.url}{self.path}"
        return client.recover_snapshot(
            target, location=where, api_key=self.api_key, **more
        )


@pytest.fixture
def source(client: QdrantClient, filled: str, url: str, api_key: str | None) -> Source:
    made = client.create_snapshot(filled)
    assert made is not None
    return Source(filled, made, url, api_key)


def same(client: QdrantClient, one: str, two: str) -> None:
    """Two collections hold the same and are set up the same."""
    assert everything(client, one) == everything(client, two)
    first, second = client.get_collection(one), client.get_collection(two)
    assert first.points_count == second.points_count
    assert first.indexed_vectors_count == second.indexed_vectors_count
    assert first.payload_schema == second.payload_schema
    assert first.config.params == second.config.params
    for label, kind in KINDS.items():
        assert count(client, two, kind.where) == kind.matches, label


def test_a_snapshot_is_listed_fetched_and_deleted(
    client: QdrantClient, http: httpx.Client, source: Source
) -> None:
    name, snapshot = source.collection, source.snapshot
    assert client.list_snapshots(name) == [snapshot]
    content = http.get(source.path).content
    assert len(content) == snapshot.size
    assert hashlib.sha256(content).hexdigest() == snapshot.checksum
    assert client.delete_snapshot(name, snapshot.name)
    assert client.list_snapshots(name) == []
    for reply in (http.get(source.path), http.delete(source.path)):
        assert reply.status_code == 404
        assert "Not found" in reply.text


def test_a_snapshot_that_is_not_there_is_said_in_plain_text(
    http: httpx.Client, filled: str
) -> None:
    reply = http.get(f"/collections/{filled}/snapshots/none.snapshot")
    assert reply.status_code == 404
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.text.startswith("Not found: Snapshot ")


def test_recovery_into_a_new_collection(
    client: QdrantClient, source: Source, new_name: NewName
) -> None:
    name, target = source.collection, new_name()
    client.set_payload(name, {"later": True}, points=[1])
    assert source.into(client, target, checksum=source.snapshot.checksum)
    client.delete_payload(name, ["later"], points=[1])
    same(client, name, target)
    assert client.get_collection(target).config.metadata == {"source": "sample"}
    client.delete(target, [1])
    assert count(client, name) == 100, "the two are apart from here on"


def test_recovery_over_what_was_changed(client: QdrantClient, source: Source) -> None:
    name = source.collection
    before = everything(client, name)
    client.delete(name, models.FilterSelector(filter=KINDS["keyword"].where))
    client.upsert(name, [models.PointStruct(id=10_001, vector={"a": [1.0, 1.0]})])
    assert source.into(client, name)
    assert everything(client, name) == before


def test_an_uploaded_snapshot(
    client: QdrantClient, http: httpx.Client, source: Source, new_name: NewName
) -> None:
    target = new_name()
    files = {"snapshot": ("any.snapshot", http.get(source.path).content)}
    path = f"/collections/{target}/snapshots/upload"
    assert http.post(path, files=files).json()["result"] is True
    same(client, source.collection, target)


def test_a_wrong_checksum_changes_nothing(
    client: QdrantClient, source: Source, new_name: NewName
) -> None:
    target = new_name()
    refused(400, lambda: source.into(client, target, checksum="0" * 64))
    assert not client.collection_exists(target)


def test_other_vectors_are_no_target(
    client: QdrantClient, source: Source, new_name: NewName
) -> None:
    target = new_name()
    client.create_collection(target, vectors_config={"a": dense(3)})
    refused(400, lambda: source.into(client, target))
    assert count(client, target) == 0


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("file:///etc/passwd", 403),
        ("ftp://localhost/x.snapshot", 400),
        ("http://127.0.0.1:9/x.snapshot", 400),
    ],
)
@pytest.mark.embedded_only("makes a server dial, and names files of its machine")
def test_a_place_out_of_reach_is_refused(
    client: QdrantClient, name: str, place: str, status: int
) -> None:
    refused(status, lambda: client.recover_snapshot(name, location=place))
    assert not client.collection_exists(name)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 20_000])
@pytest.mark.embedded_only("a server of somebody else is not ours to attack")
def test_rubbish_is_no_snapshot(
    client: QdrantClient, http: httpx.Client, name: str, content: bytes
) -> None:
    path = f"/collections/{name}/snapshots/upload"
    error_of(http.post(path, files={"snapshot": ("x.snapshot", content)}), 400)
    error_of(http.post(path, content=content), 400)
    assert not client.collection_exists(name)


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/outside", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("pipe", tarfile.FIFOTYPE),
    ],
)
@pytest.mark.embedded_only("the archive is of the embedded server's own format")
def test_nothing_of_a_snapshot_lies_outside(
    http: httpx.Client, name: str, embedded_data: Path, member: str, kind: bytes
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(member)
        info.type, info.linkname = kind, "/etc/hostname"
        archive.addfile(info)
    path = f"/collections/{name}/snapshots/upload"
    answer = http.post(path, files={"snapshot": ("x.snapshot", packed.getvalue())})
    assert "Failed to unpack" in error_of(answer, 400)
    assert not list(embedded_data.rglob("outside"))


@pytest.mark.embedded_only("looks into the data directory")
def test_a_file_location_inside_the_snapshots_directory(
    client: QdrantClient, source: Source, embedded_data: Path, new_name: NewName
) -> None:
    [file] = embedded_data.glob(f"snapshots/*/{source.snapshot.name}")
    target = new_name()
    assert client.recover_snapshot(target, location=file.as_uri())
    same(client, source.collection, target)


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[RunningQdrant]:
    with running_qdrant(tmp_path / "other", api_key="another key") as server:
        yield server


@pytest.mark.embedded_only("the archive is of the embedded server's own format")
def test_recovery_from_another_embedded_server(
    client: QdrantClient,
    connect: Connect,
    other_server: RunningQdrant,
    source: Source,
) -> None:
    other = connect(other_server.url, other_server.api_key)
    without_key = replace(source, api_key=None)
    refused(400, lambda: without_key.into(other, "copy"))
    assert source.into(other, "copy", checksum=source.snapshot.checksum)
    assert everything(other, "copy") == everything(client, source.collection)
