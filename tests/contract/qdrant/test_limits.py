"""Bodies too large or broken, and paths that try to leave."""

import socket
import urllib.parse
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.contract.qdrant.conftest import KEY, NewName
from tests.contract.qdrant.steps import dense, error_of
from tests.embedded_servers import RunningQdrant, running_qdrant

MIB = 1024 * 1024


@pytest.fixture
def made(http: httpx.Client, name: str) -> str:
    body = {"vectors": {"size": 1, "distance": "Dot"}}
    assert http.put(f"/collections/{name}", json=body).is_success
    return name


def padded(size: int) -> bytes:
    """A valid upsert of exactly that many bytes."""
    start = b'{"points": [{"id": 1, "vector": [1], "payload": {"p": "'
    end = b'"}}]}'
    return start + b"x" * (size - len(start) - len(end)) + end


JSON = {"content-type": "application/json"}


def test_a_body_of_32_mib_is_taken_and_a_larger_one_is_not(
    http: httpx.Client, made: str
) -> None:
    path = f"/collections/{made}/points?wait=true"
    reply = http.put(path, content=padded(32 * MIB), headers=JSON)
    assert reply.status_code == 200
    reply = http.put(path, content=padded(32 * MIB + 1), headers=JSON)
    text = f"JSON payload ({32 * MIB + 1} bytes) is larger than allowed"
    wanted = f"Payload error: {text} (limit: {32 * MIB} bytes)."
    assert error_of(reply, 400) == wanted
    counted = http.post(f"/collections/{made}/points/count", json={})
    assert counted.json()["result"] == {"count": 1}


@pytest.mark.embedded_only("a limit of the embedded server's command line")
def test_the_limit_of_a_body_can_be_set(tmp_path: Path) -> None:
    with running_qdrant(tmp_path / "data", max_body=1000) as server:
        path = f"{server.url}/collections/c"
        body = {"vectors": {"size": 1, "distance": "Dot"}}
        assert httpx.put(path, json=body).is_success
        assert httpx.put(f"{path}/points", content=padded(1000)).is_success
        reply = httpx.put(f"{path}/points", content=padded(1001))
        assert "(1001 bytes) is larger than allowed" in error_of(reply, 400)
        unsized = httpx.put(f"{path}/points", content=iter([padded(1001)]))
        text = "Payload error: JSON payload has exceeded limit (1000 bytes)."
        assert error_of(unsized, 400) == text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"{}x",
        b'{"ids": [NaN]}',
        b"\xff\xfe",
        b"{'a': 1}",
    ],
)
def test_a_broken_body_is_a_format_error(
    http: httpx.Client, made: str, content: bytes
) -> None:
    path = f"/collections/{made}/points"
    text = error_of(http.post(path, content=content, headers=JSON), 400)
    assert text.startswith("Format error in JSON body: ")


def test_a_bad_query_parameter_is_refused(http: httpx.Client, made: str) -> None:
    body = {"points": [{"id": 1, "vector": [1]}]}
    reply = http.put(f"/collections/{made}/points?wait=perhaps", json=body)
    error_of(reply, 400)


@pytest.mark.parametrize(
    "bad", ["..", ".", "../..", "../../etc", "..\\..", "a/../../b", "a/b", "\0"]
)
@pytest.mark.embedded_only("looks into the data directory")
def test_a_name_cannot_leave_the_data_directory(
    embedded: RunningQdrant, embedded_data: Path, made: str, bad: str
) -> None:
    quoted = urllib.parse.quote(bad, safe="").replace(".", "%2e")
    around = set(embedded_data.parent.iterdir())
    inside = set(embedded_data.glob("*/*"))
    body = b'{"vectors": {"size": 1, "distance": "Dot"}}'
    assert raw_request(embedded, "PUT", f"/collections/{quoted}", body) == 422
    for path in (
        f"/collections/{made}/snapshots/{quoted}",
        f"/collections/{quoted}/snapshots",
        f"/collections/{quoted}/snapshots/{quoted}",
        f"/collections/{quoted}",
    ):
        assert raw_request(embedded, "GET", path) == 404
    assert raw_request(embedded, "DELETE", f"/collections/{quoted}") == 200
    snapshot = f"/collections/{made}/snapshots/{quoted}"
    assert raw_request(embedded, "DELETE", snapshot) == 404
    assert set(embedded_data.parent.iterdir()) == around
    assert set(embedded_data.glob("*/*")) == inside
    assert raw_request(embedded, "GET", f"/collections/{made}") == 200


@pytest.mark.embedded_only("looks into the data directory")
def test_a_name_that_only_looks_like_a_way_out_is_a_name(
    client: QdrantClient, embedded_data: Path, new_name: NewName
) -> None:
    around = set(embedded_data.parent.iterdir())
    for tail in ("%2e%2e", "..%2f..", "~", " ", "é日本🎬", "a'; --", "#frag"):
        name = f"{new_name()}{tail}"
        client.create_collection(name, vectors_config=dense(1))
        client.create_snapshot(name)
        assert client.get_collection(name).points_count == 0
        assert client.delete_collection(name)
    assert set(embedded_data.parent.iterdir()) == around


@pytest.mark.parametrize(
    "sent",
    [
        b"rubbish\r\n\r\n",
        b"POST /collections HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,
    ],
)
@pytest.mark.embedded_only("a server of somebody else is not ours to attack")
def test_what_is_not_http_does_not_hurt(
    embedded: RunningQdrant, http: httpx.Client, sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", embedded.port), timeout=10) as peer:
        peer.sendall(sent)
        assert b" 400 " in peer.recv(200)
    assert http.get("/healthz").status_code == 200


@pytest.mark.embedded_only("a server of somebody else is not ours to attack")
def test_a_client_that_leaves_in_the_middle_does_not_hurt(
    embedded: RunningQdrant, http: httpx.Client, made: str
) -> None:
    head = (
        f"PUT /collections/{made}/points HTTP/1.1\r\nhost: x\r\n"
        f"api-key: {KEY}\r\ncontent-length: 1000\r\n\r\n"
    )
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", embedded.port)) as peer:
            peer.sendall(head.encode() + b'{"points": [')
    counted = http.post(f"/collections/{made}/points/count", json={})
    assert counted.json()["result"] == {"count": 0}


def raw_request(
    server: RunningQdrant, method: str, path: str, body: bytes = b""
) -> int:
    """Send a path exactly as it is; a client would tidy it first."""
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: x\r\napi-key: {KEY}\r\n"
        f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
        peer.sendall(head.encode() + body)
        return int(peer.makefile("rb").readline().split()[1])
