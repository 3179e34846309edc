"""Small steps that several files of the suite take."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

Vectors = models.VectorParams | Mapping[str, models.VectorParams]


def dense(size: int = 4, distance: str = "Dot", **more: Any) -> models.VectorParams:
    """Parameters of a dense vector."""
    return models.VectorParams(size=size, distance=models.Distance(distance), **more)


def points(
    ids: Iterable[models.ExtendedPointId],
    vector: Any = (1.0, 2.0, 3.0, 4.0),
    **payload: Any,
) -> list[models.PointStruct]:
    """Points alike but for their ids."""
    value = list(vector) if isinstance(vector, tuple) else vector
    return [models.PointStruct(id=i, vector=value, payload=payload) for i in ids]


def refused(status: int, call: Callable[[], Any]) -> str:
    """Run a call that has to be refused with that status; return the body."""
    with pytest.raises(UnexpectedResponse) as caught:
        call()
    assert caught.value.status_code == status, caught.value.content
    return caught.value.content.decode()


def server_version(http: httpx.Client) -> tuple[int, ...]:
    """Major and minor version of the server."""
    return tuple(int(part) for part in http.get("/").json()["version"].split(".")[:2])


def skip_unless_known(http: httpx.Client, method: str, path: str) -> None:
    """Skip the test on a server too old to have a call: it answers without a body."""
    reply = http.request(method, path, json={})
    if reply.status_code == 404 and not reply.content:
        pytest.skip(f"this server has no {method} {path}")


def error_of(response: httpx.Response, status: int) -> str:
    """The error text of a reply that has to have that status."""
    assert response.status_code == status, response.text
    text: str = response.json()["status"]["error"]
    return text


def equals(key: str, value: models.ValueVariants) -> models.Filter:
    """A filter for one value of one field."""
    match = models.MatchValue(value=value)
    return models.Filter(must=[models.FieldCondition(key=key, match=match)])


def count(client: QdrantClient, name: str, where: models.Filter | None = None) -> int:
    """An exact count."""
    return client.count(name, count_filter=where, exact=True).count


def everything(client: QdrantClient, name: str) -> dict[Any, Any]:
    """All points with payloads and vectors, by id."""
    found: dict[Any, Any] = {}
    offset = None
    while True:
        page, offset = client.scroll(name, limit=256, offset=offset, with_vectors=True)
        found |= {record.id: (record.payload, record.vector) for record in page}
        if offset is None:
            return found


def wait_for_status(
    client: QdrantClient, name: str, wanted: str, seconds: float = 60
) -> list[str]:
    """Poll until a collection has a status; return the statuses seen on the way."""
    seen: list[str] = []
    give_up = time.monotonic() + seconds
    while True:
        status = client.get_collection(name).status.value
        if not seen or seen[-1] != status:
            seen.append(status)
        if status == wanted:
            return seen
        assert time.monotonic() < give_up, f"{name} went {seen}, never {wanted}"
        time.sleep(0.05)
