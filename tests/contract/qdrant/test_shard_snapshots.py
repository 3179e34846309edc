"""Snapshots of one shard: a file or a stream, and a shard made from it."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.conftest import DATA_KEY, NewName, Raw
from tests.contract.qdrant.filters import INDEXES, KINDS, sample
from tests.contract.qdrant.shard_steps import archive, shard, upload
from tests.contract.qdrant.steps import count, dense, error_of, everything

OWN = {"own": True}
FIELDS = ("kw", "n", "t")


@pytest.fixture
def source(client: QdrantClient, new_name: NewName) -> str:
    """The sample points with indexes and a sparse vector."""
    name = made(client, new_name())
    client.upsert(name, sample())
    words = models.SparseVector(indices=[3], values=[0.5])
    client.update_vectors(name, [models.PointVectors(id=1, vector={"s": words})])
    return name


@pytest.fixture
def target(client: QdrantClient, new_name: NewName) -> str:
    """A collection of the same shape with one other point and own metadata."""
    name = made(client, new_name(), metadata=OWN)
    client.upsert(name, [models.PointStruct(id=10_001, vector={"a": [1.0, 1.0]})])
    return name


def made(client: QdrantClient, name: str, **more: Any) -> str:
    client.create_collection(
        name,
        vectors_config={"a": dense(2, "Cosine")},
        sparse_vectors_config={"s": models.SparseVectorParams()},
        **more,
    )
    for field in FIELDS:
        client.create_payload_index(name, field, INDEXES[field])
    return name


def test_a_snapshot_is_listed_fetched_and_deleted(
    client: QdrantClient, http: httpx.Client, source: str
) -> None:
    path = f"{shard(source)}/snapshots"
    snapshot = http.post(path, params={"wait": "true"}).json()["result"]
    assert http.get(path).json()["result"] == [snapshot]
    assert client.list_snapshots(source) == [], "those of a collection are others"
    content = http.get(f"{path}/{snapshot['name']}").content
    assert len(content) == snapshot["size"]
    assert hashlib.sha256(content).hexdigest() == snapshot["checksum"]
    assert http.delete(f"{path}/{snapshot['name']}").json()["result"] is True
    assert http.get(path).json()["result"] == []
    for reply in (http.get(f"{path}/none"), http.delete(f"{path}/none")):
        assert reply.status_code == 404
        assert "ot found" in reply.text


def test_an_uploaded_shard_is_the_other_one(
    client: QdrantClient, http: httpx.Client, source: str, target: str
) -> None:
    assert upload(http, target, archive(http, source)).json()["result"] is True
    assert everything(client, source) == everything(client, target)
    for label, kind in KINDS.items():
        assert count(client, target, kind.where) == kind.matches, label
    first, second = client.get_collection(source), client.get_collection(target)
    assert first.points_count == second.points_count
    assert first.payload_schema == second.payload_schema
    assert second.config.metadata == OWN
    client.delete(target, [1])
    assert count(client, source) == 100, "the two are apart from here on"


def test_a_shard_is_recovered_by_address(
    client: QdrantClient, http: httpx.Client, source: str, target: str
) -> None:
    path = f"{shard(source)}/snapshots"
    snapshot = http.post(path).json()["result"]
    body = {
        "location": str(http.base_url.join(f"{path}/{snapshot['name']}")),
        "api_key": http.headers.get("api-key"),
        "priority": "snapshot",
        "checksum": "0" * 64,
    }
    into, before = f"{shard(target)}/snapshots/recover", everything(client, target)
    assert "checksum" in error_of(http.put(into, json=body), 400).lower()
    assert everything(client, target) == before
    body["checksum"] = snapshot["checksum"]
    assert http.put(into, json=body).json()["result"] is True
    assert everything(client, source) == everything(client, target)
    assert http.delete(f"{path}/{snapshot['name']}").is_success


def test_a_wrong_checksum_changes_nothing(
    client: QdrantClient, http: httpx.Client, source: str, target: str
) -> None:
    before = everything(client, target)
    reply = upload(http, target, archive(http, source), checksum="0" * 64)
    assert "checksum" in error_of(reply, 400).lower()
    assert everything(client, target) == before


def cut(content: bytes, boundary: str, at: int) -> Iterator[bytes]:
    """The beginning of a multipart body; the connection ends after it."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="snapshot"; '
        'filename="any"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    yield (head.encode() + content)[:at]
    raise ConnectionError


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_a_cut_upload_changes_nothing(
    client: QdrantClient, http: httpx.Client, source: str, target: str, part: float
) -> None:
    content, before = archive(http, source), everything(client, target)
    kind = "multipart/form-data; boundary=aBoundary"
    with pytest.raises(ConnectionError):
        http.post(
            f"{shard(target)}/snapshots/upload",
            params={"priority": "snapshot"},
            content=cut(content, "aBoundary", int(len(content) * part)),
            headers={"content-type": kind},
        )
    assert everything(client, target) == before
    assert upload(http, target, content).is_success


CALLS = [
    ("GET", "snapshot"),
    ("GET", "snapshots"),
    ("POST", "snapshots"),
    ("GET", "snapshots/a.snapshot"),
    ("DELETE", "snapshots/a.snapshot"),
    ("PUT", "snapshots/recover"),
    ("POST", "snapshots/upload"),
]


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_what_is_not_there_is_not_found(
    http: httpx.Client, url: str, target: str, method: str, call: str
) -> None:
    sent: dict[str, Any] = {}
    if call.endswith("recover"):
        sent = {"json": {"location": f"{url}/none"}}
    if call.endswith("upload"):
        sent = {"files": {"snapshot": ("any", b"none")}}
    for place in (shard(target, 7), shard(f"{target}_none")):
        reply = http.request(method, f"{place}/{call}", **sent)
        assert reply.status_code == 404
        assert reply.content


@pytest.mark.embedded_only("a server of somebody else has no such key of ours")
def test_a_key_for_data_alone_makes_no_snapshots(
    client: QdrantClient, raw: Raw, url: str, target: str
) -> None:
    limited = raw(url, DATA_KEY)
    for place in (shard(target), f"/collections/{target}"):
        for method, call in CALLS:
            if call == "snapshot" and place != shard(target):
                continue  # a collection is not streamed
            reply = limited.request(method, f"{place}/{call}", json={})
            text = error_of(reply, 403)
            assert text == "Forbidden: Global manage access is required"
    points = {"points": [{"id": 5, "vector": {"a": [1.0, 0.0]}}]}
    assert limited.put(f"/collections/{target}/points", json=points).is_success
    assert limited.get(f"/collections/{target}").is_success
    assert count(client, target) == 2


@pytest.mark.embedded_only("a server does not compare the shape of a shard")
def test_other_vectors_are_no_target(
    client: QdrantClient, http: httpx.Client, source: str, name: str
) -> None:
    client.create_collection(name, vectors_config={"a": dense(3)})
    text = error_of(upload(http, name, archive(http, source)), 400)
    assert "vectors differ" in text
    assert count(client, name) == 0


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 20_000])
@pytest.mark.embedded_only("a server of somebody else is not ours to attack")
def test_rubbish_is_no_shard(
    client: QdrantClient, http: httpx.Client, target: str, content: bytes
) -> None:
    before = everything(client, target)
    error_of(upload(http, target, content), 400)
    assert everything(client, target) == before


@pytest.mark.embedded_only("the engine keeps all points in the first shard")
def test_the_other_shards_are_empty(
    client: QdrantClient, http: httpx.Client, new_name: NewName
) -> None:
    one, two = (made(client, new_name(), shard_number=2) for _ in range(2))
    client.upsert(one, sample())
    second = http.get(f"{shard(one, 1)}/snapshot").content
    assert upload(http, two, second, 1).is_success
    assert count(client, two) == 0
    assert upload(http, two, archive(http, one)).is_success
    assert everything(client, one) == everything(client, two)
    error_of(upload(http, two, second), 400)
    assert count(client, two) == 100


@pytest.mark.embedded_only("a server answers before it is done")
def test_what_is_not_waited_for_is_accepted(
    client: QdrantClient, http: httpx.Client, source: str, target: str
) -> None:
    reply = upload(http, target, archive(http, source), wait="false")
    assert (reply.status_code, reply.json()["status"]) == (202, "accepted")
    assert everything(client, source) == everything(client, target)
