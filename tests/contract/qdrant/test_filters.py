"""Filters count the same without an index and with one."""

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.filters import (
    INDEXES,
    KINDS,
    SUBSTRING_KINDS,
    TEXT_KINDS,
    sample,
)
from tests.contract.qdrant.steps import count, dense, equals, error_of


@pytest.fixture
def filled(client: QdrantClient, name: str) -> str:
    client.create_collection(name, vectors_config={"a": dense(2)})
    client.upsert(name, sample())
    return name


def test_every_kind_of_filter_without_and_with_indexes(
    client: QdrantClient, filled: str
) -> None:
    wanted = {label: kind.matches for label, kind in KINDS.items()}

    def counted() -> dict[str, int]:
        return {
            label: count(client, filled, kind.where) for label, kind in KINDS.items()
        }

    assert counted() == wanted
    for field, schema in INDEXES.items():
        client.create_payload_index(filled, field, schema, wait=True)
    assert counted() == wanted


def test_without_a_text_index_a_text_is_a_substring(
    client: QdrantClient, filled: str
) -> None:
    for label, kind in SUBSTRING_KINDS.items():
        assert count(client, filled, kind.where) == kind.matches, label
    client.create_payload_index(filled, "t", models.PayloadSchemaType.KEYWORD)
    where = SUBSTRING_KINDS["the beginning of a word"].where
    assert count(client, filled, where) == 11, "an index of another type is no help"
    found, _ = client.scroll(filled, scroll_filter=where, limit=100)
    query = client.query_points(filled, query_filter=where, limit=100).points
    assert len(found) == len(query) == 11
    client.delete(filled, models.FilterSelector(filter=where))
    assert count(client, filled) == 89


def test_a_text_index_understands_words(client: QdrantClient, filled: str) -> None:
    client.create_payload_index(filled, "t", INDEXES["t"], wait=True)
    for label, kind in TEXT_KINDS.items():
        assert count(client, filled, kind.where) == kind.matches, label


def test_both_booleans_are_found_and_integers_are_not_booleans(
    client: QdrantClient, filled: str
) -> None:
    # The engine's binding reads True as 1 unless it is told otherwise.
    assert count(client, filled, equals("b", True)) == 50
    assert count(client, filled, equals("b", False)) == 50
    assert count(client, filled, equals("b", 1)) == 0
    assert count(client, filled, equals("n", True)) == 0
    assert count(client, filled, equals("n", 1)) == 1


def test_a_field_condition_may_ask_for_empty_or_null(
    http: httpx.Client, filled: str
) -> None:
    path = f"/collections/{filled}/points/count"
    asked = {
        "zzz": {"is_empty": True},
        "kw": {"is_empty": False},
        "nul": {"is_null": True},
    }
    for key, condition in asked.items():
        body = {"filter": {"must": {"key": key, **condition}}}
        assert http.post(path, json=body).json()["result"] == {"count": 100}, key


@pytest.mark.parametrize(
    "bad",
    [
        {"mustt": []},
        {"must": [{"match": {"value": 1}}]},
        {"must": [{"key": "a", "match": {"value": [1]}}]},
        {"must": [{"key": "a", "match": {"any": "x"}}]},
        {"must": [{"key": "a", "range": {"gt": [1]}}]},
        {"must": [{"has_id": ["abc"]}]},
        {"must": "everything"},
        [],
    ],
)
def test_a_bad_filter_is_refused(http: httpx.Client, filled: str, bad: object) -> None:
    path = f"/collections/{filled}/points/count"
    error_of(http.post(path, json={"filter": bad}), 400)


def test_a_field_condition_without_a_condition_is_refused(
    http: httpx.Client, filled: str
) -> None:
    path = f"/collections/{filled}/points/count"
    reply = http.post(path, json={"filter": {"must": [{"key": "a"}]}})
    assert reply.status_code in (400, 422)


def test_a_filter_nested_too_deep_is_refused(http: httpx.Client, filled: str) -> None:
    where: dict[str, object] = {"must": [{"key": "n", "match": {"value": 1}}]}
    for _ in range(300):
        where = {"must": [where]}
    path = f"/collections/{filled}/points/count"
    error_of(http.post(path, json={"filter": where}), 400)


def test_delete_by_filter_takes_what_count_by_filter_counts(
    client: QdrantClient, filled: str
) -> None:
    for label in ("keyword", "date range", "nested", "has vector"):
        where = KINDS[label].where
        before, matching = count(client, filled), count(client, filled, where)
        client.delete(filled, models.FilterSelector(filter=where))
        assert count(client, filled) == before - matching, label
        assert count(client, filled, where) == 0, label
