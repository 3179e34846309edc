"""`/v1/namespaces/{identifier}/documents`: list and get."""

import json
from typing import Any

import pytest

from nsadmin.advice import usage
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.api.conftest import Caller, error_of, locations_of


def listed(call: Caller, body: Any = None, query: str = "", **more: Any) -> Any:
    at = f"/namespaces/{call.cast.own.namespace_id}/documents/list{query}"
    response = call("POST", at, body, **more)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def ids(page: Any) -> list[str]:
    return sorted(found["document_id"] for found in page["results"])


def asked(call: Caller, filters: Any) -> list[str]:
    return ids(listed(call, {"filters": filters}))


def test_it_answers_with_whole_payloads(call: Caller) -> None:
    page = listed(call, None, "?include_total=true")
    assert ids(page) == ["doc_0", "doc_1", "doc_2"]
    assert page["total_count"] == 3
    assert page["total_is_exact"] is True
    assert page["pagination"]["total"] == 3
    assert page["pagination"]["next_cursor"] is None
    [found] = [one for one in page["results"] if one["document_id"] == "doc_1"]
    assert found["title"] == "Title number 1"
    assert found["rank"] == 1
    assert found["namespace_id"] == call.cast.own.namespace_id
    assert found["nsadmin"]["is_complete"] is True
    assert found["nsadmin"]["vectors"] == ["face_identity_extractor_v1_embedding"]


def test_the_filter_has_all_any_and_none(call: Caller) -> None:
    def of(field: str, value: Any, operator: str = "eq") -> dict[str, Any]:
        return {"field": field, "operator": operator, "value": value}

    assert asked(call, {"AND": [of("rank", 1)]}) == ["doc_1"]
    assert asked(call, {"OR": [of("rank", 1), of("rank", 2)]}) == ["doc_1", "doc_2"]
    assert asked(call, {"NOT": [of("document_id", "doc_1")]}) == ["doc_0", "doc_2"]
    assert asked(call, {"AND": [of("rank", 1, "gte")], "NOT": [of("rank", 2)]}) == [
        "doc_1"
    ]
    assert asked(call, {"AND": [of("rank", [0, 2], "in")]}) == ["doc_0", "doc_2"]
    assert asked(call, {"AND": [of("rank", [0, 2], "nin")]}) == ["doc_1"]
    assert asked(call, {"AND": [of("rank", 0.5, "lt")]}) == ["doc_0"]
    assert asked(call, {"AND": [of("title", None, "exists")]}) == [
        "doc_0",
        "doc_1",
        "doc_2",
    ]
    assert asked(call, {"AND": [of("title", True, "is_null")]}) == []
    assert asked(call, {"AND": [of("title", "number 2", "text")]}) == ["doc_2"]
    vector = "face_identity_extractor_v1_embedding"
    assert asked(call, {"NOT": [of(vector, True, "has_vector")]}) == []
    assert asked(call, {}) == ["doc_0", "doc_1", "doc_2"]


def test_pages_follow_the_cursor(call: Caller) -> None:
    seen: list[str] = []
    query = "?limit=2"
    while query:
        page = listed(call, {}, query)
        seen += [found["document_id"] for found in page["results"]]
        cursor = page["pagination"]["next_cursor"]
        query = f"?limit=2&cursor={cursor}" if cursor else ""
    assert sorted(seen) == ["doc_0", "doc_1", "doc_2"]


def test_an_order_and_chosen_fields(call: Caller) -> None:
    own = call.cast.own
    collections.create_index(shared(), own.collection, "rank", {"type": "integer"})
    body = {"sort": {"field": "rank", "direction": "desc"}, "select": ["rank"]}
    page = listed(call, body)
    assert [found["rank"] for found in page["results"]] == [2, 1, 0]
    assert "title" not in page["results"][0]
    assert page["results"][0]["document_id"] == "doc_2"
    collections.drop_index(shared(), own.collection, "rank")


def test_one_is_found_by_either_id(call: Caller) -> None:
    at = f"/namespaces/{call.cast.own.namespace_id}/documents"
    first = json.loads(call("GET", f"{at}/doc_1").content)
    assert first["title"] == "Title number 1"
    point = first["nsadmin"]["point_id"]
    assert json.loads(call("GET", f"{at}/{point}").content) == first
    [vector] = first["nsadmin"]["vectors"]
    assert (vector["kind"], vector["size"], vector["norm"]) == ("dense", 512, 1.0)
    by_name = json.loads(
        call("GET", "/namespaces/film archive/documents/doc_1").content
    )
    assert by_name == first


def test_an_unknown_one_is_404(call: Caller) -> None:
    at = f"/namespaces/{call.cast.own.namespace_id}/documents"
    for name in (
        "doc_99",
        "17",
        "00000000-0000-0000-0000-000000000000",
        "%00",
        "a" * 300,
    ):
        response = call("GET", f"{at}/{name}")
        assert response.status_code == 404, name
        assert error_of(response)["type"] == "NotFoundError"


def test_a_payload_key_of_any_name_harms_nothing(call: Caller) -> None:
    own = call.cast.own
    payload = {
        "internal_id": own.internal_id,
        "document_id": "doc_odd",
        "self": 1,
        "_fields_set": 2,
        "model_config": 3,
        "__class__": 4,
        "nsadmin": 5,
        "collection_id": [6],
    }
    vector = {"face_identity_extractor_v1_embedding": [0.5] * 512}
    points.put(
        shared(), own.collection, [{"id": 77, "vector": vector, "payload": payload}]
    )
    at = f"/namespaces/{own.namespace_id}/documents/doc_odd"
    found = json.loads(call("GET", at).content)
    assert found["nsadmin"]["point_id"] == 77
    assert [found[key] for key in ("self", "_fields_set", "model_config")] == [1, 2, 3]
    assert found["collection_id"] is None
    assert "doc_odd" in ids(listed(call))
    points.delete_ids(shared(), own.collection, [77])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"colour": 1}, "colour"),
        ({"filters": {"XOR": []}}, "filters.XOR"),
        ({"filters": {"AND": [{"value": 1}]}}, "filters.AND.0.field"),
        ({"filters": {"AND": [{"field": "a", "x": 1}]}}, "filters.AND.0.x"),
        (
            {"filters": {"AND": [{"field": "a", "operator": "like", "value": "b"}]}},
            "filters.AND.0.operator",
        ),
        ({"filters": {"AND": [{"field": "a"}]}}, "filters.AND.0.value"),
        ({"filters": {"OR": [{"field": "a..b", "value": 1}]}}, "filters.OR.0.field"),
        (
            {"filters": {"NOT": [{"field": "a", "operator": "in", "value": 1}]}},
            "filters.NOT.0.value",
        ),
        (
            {"filters": {"AND": [{"field": "a", "operator": "gt", "value": "soon"}]}},
            "filters.AND.0.value",
        ),
        (
            {"filters": {"AND": [{"field": "a", "operator": "exists", "value": "no"}]}},
            "filters.AND.0.value",
        ),
        (
            {"filters": {"AND": [{"field": "a", "operator": "is_null", "value": 0}]}},
            "filters.AND.0.value",
        ),
        (
            {
                "filters": {
                    "AND": [{"field": "a", "operator": "gt", "value": 2**53 + 1}]
                }
            },
            "filters.AND.0.value",
        ),
        ({"sort": {"field": "title"}}, "sort"),
        ({"select": ["a b"]}, "select"),
        ({"select": []}, "select"),
        (
            {"filters": {"AND": [{"field": "a", "value": n} for n in range(31)]}},
            "filters.AND",
        ),
    ],
)
def test_what_is_not_acceptable_is_422_at_its_place(
    call: Caller, body: Any, path: str
) -> None:
    at = f"/namespaces/{call.cast.own.namespace_id}/documents/list"
    assert path in locations_of(call("POST", at, body))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "page=2",
        "offset=1",
        "cursor=x",
        "limit=1&page_size=2",
        "x=1",
    ],
)
def test_a_page_that_is_not_offered_is_422(call: Caller, query: str) -> None:
    at = f"/namespaces/{call.cast.own.namespace_id}/documents/list?{query}"
    assert locations_of(call("POST", at, {}))


def test_a_filter_counts_once_as_used_by_the_console(call: Caller) -> None:
    body = {"filters": {"AND": [{"field": "rank", "operator": "gte", "value": 0}]}}
    page = listed(call, body, "?limit=2")
    listed(call, body, f"?limit=2&cursor={page['pagination']['next_cursor']}")
    listed(call, body, "?limit=2")
    [used] = usage.used(call.cast.own.namespace_id, hours=1)
    assert (used.field_name, used.count, used.console) == ("rank", 1, 1)


def test_a_silent_cluster_is_503_and_a_missing_collection_409(
    call: Caller, settings: Any
) -> None:
    at = f"/namespaces/{call.cast.own.namespace_id}/documents"
    url, settings.NSADMIN_QDRANT_URL = settings.NSADMIN_QDRANT_URL, "http://127.0.0.1:9"
    for response in (call("POST", f"{at}/list", {}), call("GET", f"{at}/doc_1")):
        assert response.status_code == 503
        assert error_of(response)["details"]["store"] == "qdrant"
    settings.NSADMIN_QDRANT_URL = url
    collections.drop(shared(), call.cast.own.collection)
    for response in (call("POST", f"{at}/list", {}), call("GET", f"{at}/doc_1")):
        assert response.status_code == 409
        assert error_of(response)["code"] == "collection_missing"


def test_strict_mode_is_422_at_the_condition(call: Caller) -> None:
    own = call.cast.own
    strict = {"enabled": True, "unindexed_filtering_retrieve": False}
    collections.change(shared(), own.collection, {"strict_mode_config": strict})
    at = f"/namespaces/{own.namespace_id}/documents/list"
    conditions = [
        {"field": "document_id", "value": "doc_1"},
        {"field": "rank", "value": 1},
    ]
    response = call("POST", at, {"filters": {"AND": conditions}})
    assert locations_of(response) == ["filters.AND.1.field"]
    error = error_of(response)
    assert error["code"] == "strict_mode"
    assert error["details"]["rule"] == "unindexed_filtering_retrieve"
    assert ids(listed(call, {"filters": {"AND": conditions[:1]}})) == ["doc_1"]
    collections.change(
        shared(), own.collection, {"strict_mode_config": {"enabled": False}}
    )
