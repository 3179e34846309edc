"""Reading points back: pages, orders, selections."""

import random
import uuid
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.filters import KINDS, sample
from tests.contract.qdrant.steps import dense, equals, error_of


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    """The sample points, in no particular order of arrival."""
    client.create_collection(name, vectors_config={"a": dense(2), "b": dense(1)})
    points = sample()
    random.Random(7).shuffle(points)
    client.upsert(name, points)
    return name


@pytest.mark.parametrize("limit", [1, 7, 50, 100, 1000])
def test_pages_cover_everything_once(
    client: QdrantClient, filled: str, limit: int
) -> None:
    seen: list[Any] = []
    offset = None
    while True:
        page, offset = client.scroll(filled, limit=limit, offset=offset)
        assert len(page) <= limit
        seen += [record.id for record in page]
        if offset is None:
            break
    assert len(seen) == 100
    integers = [i for i in seen if isinstance(i, int)]
    uuids = [i for i in seen if isinstance(i, str)]
    assert seen == sorted(integers) + sorted(uuids), "integers first, each kind sorted"
    assert set(seen) == {point.id for point in sample()}


def test_an_offset_need_not_exist(client: QdrantClient, filled: str) -> None:
    page, _ = client.scroll(filled, limit=2, offset=4)
    assert [record.id for record in page] == [5, 7]
    beyond = str(uuid.UUID(int=2**128 - 1))
    assert client.scroll(filled, offset=beyond) == ([], None)


def test_pages_of_a_filter(client: QdrantClient, filled: str) -> None:
    where = KINDS["keyword"].where
    first, offset = client.scroll(filled, scroll_filter=where, limit=20)
    rest, end = client.scroll(filled, scroll_filter=where, limit=20, offset=offset)
    assert (len(first), len(rest), end) == (20, 13, None)
    payloads = [record.payload or {} for record in first + rest]
    assert {payload["kw"] for payload in payloads} == {"k1"}


def test_ten_points_with_payload_and_no_vector_are_the_default(
    http: httpx.Client, filled: str
) -> None:
    path = f"/collections/{filled}/points/scroll"
    points = http.post(path, json={}).json()["result"]["points"]
    assert len(points) == 10
    assert all(p["payload"]["tags"] for p in points)
    assert all(p.get("vector") is None for p in points)


def test_the_parts_of_a_point_can_be_chosen(client: QdrantClient, filled: str) -> None:
    where = equals("n", 5)

    def one(**chosen: Any) -> models.Record:
        [record], _ = client.scroll(filled, scroll_filter=where, **chosen)
        return record

    assert one(with_payload=False).payload in (None, {})
    assert one(with_payload=["n", "arr[].y"]).payload == {
        "n": 5,
        "arr": [{"y": "a"}, {}],
    }
    without = models.PayloadSelectorExclude(exclude=["t", "d", "g", "u", "arr", "tags"])
    kept = one(with_payload=without).payload
    assert kept == {"kw": "k2", "n": 5, "f": 1.25, "b": True, "nul": None}
    assert one(with_vectors=["a"]).vector == {"a": [6.0, 1.0]}
    assert one(with_vectors=True).vector == {"a": [6.0, 1.0]}
    assert not one(with_vectors=["b"]).vector


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_order_by_sorts_and_starts_from(
    client: QdrantClient, filled: str, direction: str
) -> None:
    client.create_payload_index(filled, "n", models.PayloadSchemaType.INTEGER)
    order = models.OrderBy(
        key="n", direction=models.Direction(direction), start_from=50
    )
    page, offset = client.scroll(filled, order_by=order, limit=5)
    wanted = [50, 51, 52, 53, 54] if direction == "asc" else [50, 49, 48, 47, 46]
    assert [(record.payload or {})["n"] for record in page] == wanted
    assert page[0].order_value == 50
    assert offset is None


def test_order_by_a_date_and_with_a_filter(client: QdrantClient, filled: str) -> None:
    client.create_payload_index(filled, "d", models.PayloadSchemaType.DATETIME)
    page, _ = client.scroll(
        filled, order_by="d", scroll_filter=KINDS["keyword"].where, limit=100
    )
    days = [(record.payload or {})["d"] for record in page]
    assert len(days) == 33
    assert days == sorted(days)


def test_order_by_does_not_go_with_an_offset(
    client: QdrantClient, http: httpx.Client, filled: str
) -> None:
    client.create_payload_index(filled, "n", models.PayloadSchemaType.INTEGER)
    body = {"order_by": "n", "offset": 5}
    reply = http.post(f"/collections/{filled}/points/scroll", json=body)
    assert "Cannot use an `offset` when using `order_by`" in error_of(reply, 400)


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        ({"limit": 0}, (400, 422)),
        ({"limit": -1}, (400, 422)),
        ({"limit": "ten"}, (400,)),
        ({"offset": "no id"}, (400,)),
        ({"with_payload": 5}, (400,)),
        ({"order_by": {"direction": "asc"}}, (400,)),
        ({"order_by": {"key": "n", "direction": "up"}}, (400,)),
    ],
)
def test_a_bad_page_is_refused(
    http: httpx.Client, filled: str, body: dict[str, Any], statuses: tuple[int, ...]
) -> None:
    reply = http.post(f"/collections/{filled}/points/scroll", json=body)
    assert reply.status_code in statuses, reply.text


def test_retrieve_leaves_out_what_is_missing(client: QdrantClient, filled: str) -> None:
    even = str(uuid.UUID(int=1002))
    records = client.retrieve(filled, [1, even, 424242], with_vectors=True)
    assert {record.id for record in records} == {1, even}
    assert client.retrieve(filled, []) == []


def test_a_page_may_be_sent_many_times_over_one_connection(
    http: httpx.Client, filled: str
) -> None:
    path = f"/collections/{filled}/points/count"
    for _ in range(500):
        reply = http.post(path, json={})
        assert reply.json()["result"] == {"count": 100}
