"""Strict mode: the owner of a collection forbids what the engine could do."""

from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.steps import count, dense, equals, error_of, points, refused


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    client.create_collection(name, vectors_config=dense(1))
    client.upsert(name, points(range(5), [1.0], kw="a", n=1, other="b"))
    client.create_payload_index(name, "kw", models.PayloadSchemaType.KEYWORD)
    client.create_payload_index(name, "n", models.PayloadSchemaType.INTEGER)
    return name


def enforce(client: QdrantClient, name: str, **rules: Any) -> None:
    config = models.StrictModeConfig(enabled=True, **rules)
    client.update_collection(name, strict_mode_config=config)


def test_it_is_off_until_it_is_enabled(client: QdrantClient, filled: str) -> None:
    config = models.StrictModeConfig(unindexed_filtering_retrieve=False)
    client.update_collection(filled, strict_mode_config=config)
    assert count(client, filled, equals("other", "b")) == 5
    enforce(client, filled)
    refused(400, lambda: count(client, filled, equals("other", "b")))
    off = models.StrictModeConfig(enabled=False)
    client.update_collection(filled, strict_mode_config=off)
    assert count(client, filled, equals("other", "b")) == 5


def test_reads_by_unindexed_fields(client: QdrantClient, filled: str) -> None:
    enforce(client, filled, unindexed_filtering_retrieve=False)
    other = equals("other", "b")
    asked: dict[str, Any] = {"query": [1.0], "query_filter": other}
    for read in (
        lambda: count(client, filled, other),
        lambda: client.scroll(filled, scroll_filter=other),
        lambda: client.query_points(filled, **asked),
        lambda: client.facet(filled, "kw", facet_filter=other),
    ):
        text = refused(400, read)
        assert 'Index required but not found for \\"other\\"' in text
        assert "[keyword]" in text
    assert count(client, filled, equals("kw", "a")) == 5
    nested = models.Filter(must=[models.Filter(should=[other])])
    refused(400, lambda: count(client, filled, nested))
    client.delete(filled, models.FilterSelector(filter=other))
    assert count(client, filled) == 0, "filtered updates are another rule"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"key": "kw", "match": {"value": "a"}}, 200),
        ({"key": "kw", "match": {"any": ["a", "b"]}}, 200),
        ({"key": "n", "match": {"value": 1}}, 200),
        ({"key": "n", "range": {"gte": 0}}, 200),
        ({"key": "kw", "range": {"gte": 0}}, 400),
        ({"key": "kw", "match": {"value": 1}}, 400),
        ({"key": "n", "match": {"value": "a"}}, 400),
        ({"key": "kw", "match": {"text": "a"}}, 400),
        ({"key": "n", "range": {"gte": "2024-01-01T00:00:00Z"}}, 400),
    ],
)
def test_the_type_of_the_index_matters(
    client: QdrantClient,
    http: httpx.Client,
    filled: str,
    condition: dict[str, Any],
    status: int,
) -> None:
    enforce(client, filled, unindexed_filtering_retrieve=False)
    body = {"filter": {"must": [condition]}}
    reply = http.post(f"/collections/{filled}/points/count", json=body)
    assert reply.status_code == status, reply.text


def test_writes_by_unindexed_fields(client: QdrantClient, filled: str) -> None:
    enforce(client, filled, unindexed_filtering_update=False)
    other = equals("other", "b")
    select = models.FilterSelector(filter=other)
    refused(400, lambda: client.delete(filled, select))
    refused(400, lambda: client.set_payload(filled, {"a": 1}, points=other))
    refused(400, lambda: client.clear_payload(filled, points_selector=select))
    assert count(client, filled, other) == 5
    client.set_payload(filled, {"a": 1}, points=equals("kw", "a"))
    assert count(client, filled, equals("a", 1)) == 5


def test_limits(client: QdrantClient, filled: str) -> None:
    enforce(
        client,
        filled,
        max_query_limit=3,
        upsert_max_batchsize=2,
        search_max_batchsize=1,
        search_allow_exact=False,
        search_max_hnsw_ef=10,
    )
    near: dict[str, Any] = {"query": [1.0]}
    exact, wide = models.SearchParams(exact=True), models.SearchParams(hnsw_ef=11)
    two = [models.QueryRequest(query=[1.0], limit=1)] * 2
    for call in (
        lambda: client.scroll(filled, limit=4),
        lambda: client.query_points(filled, **near, limit=4),
        lambda: client.upsert(filled, points([1, 2, 3], [1.0])),
        lambda: client.query_points(filled, **near, limit=1, search_params=exact),
        lambda: client.query_points(filled, **near, limit=1, search_params=wide),
        lambda: client.query_batch_points(filled, two),
    ):
        assert "Bad request: " in refused(400, call)
    assert len(client.scroll(filled, limit=3)[0]) == 3
    client.upsert(filled, points([1, 2], [1.0]))


def test_no_more_indexes_than_allowed(client: QdrantClient, filled: str) -> None:
    enforce(client, filled, max_payload_index_count=2)
    schema = models.PayloadSchemaType.KEYWORD
    refused(400, lambda: client.create_payload_index(filled, "other", schema))
    client.delete_payload_index(filled, "n")
    client.create_payload_index(filled, "other", schema)
    assert set(client.get_collection(filled).payload_schema) == {"kw", "other"}


def test_a_rate_limit_answers_429_with_the_wait(
    client: QdrantClient, http: httpx.Client, filled: str
) -> None:
    enforce(client, filled, read_rate_limit=5)
    path = f"/collections/{filled}/points/count"
    replies = [http.post(path, json={}) for _ in range(8)]
    assert replies[0].status_code == 200
    late = replies[-1]
    assert "Rate limiting exceeded" in error_of(late, 429)
    assert int(late.headers["retry-after"]) >= 1
