"""`POST /v1/namespaces/list` and `GET /v1/namespaces`."""

import json
from typing import Any

import pytest

from nsadmin.namespaces.models import MirroredNamespace
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace

AWAY = "mongodb://127.0.0.1:9/none"


def listed(call: Caller, body: Any = None, query: str = "", **kwargs: Any) -> Any:
    response = call("POST", f"/namespaces/list{query}", body, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def names(data: dict[str, Any]) -> list[str]:
    return [result["namespace_name"] for result in data["results"]]


@pytest.fixture
def several(call: Caller) -> Caller:
    for name in ("alpha reel", "Beta reel", "gamma 100%"):
        make_namespace(call.cast.northlight, name, in_qdrant=False)
    return call


def test_it_answers_with_a_page(several: Caller) -> None:
    data = listed(several)
    assert set(names(data)) == {"film archive", "alpha reel", "Beta reel", "gamma 100%"}
    assert data["total_count"] == 4
    assert data["pagination"] == {
        "total": None,
        "page": 1,
        "page_size": 25,
        "total_pages": None,
        "next_page": None,
        "previous_page": None,
        "next_cursor": None,
    }


def test_get_is_the_same_list(several: Caller) -> None:
    response = several("GET", "/namespaces")
    assert json.loads(response.content) == listed(several)


def test_a_result_is_the_namespace_without_its_live_status(call: Caller) -> None:
    (result,) = listed(call)["results"]
    single = json.loads(
        call("GET", f"/namespaces/{call.cast.own.namespace_id}").content
    )
    assert list(result) == list(single)
    counted = {key for key in result if "_count" in key}
    live = {"qdrant_status", *counted}
    assert all(result[key] == single[key] for key in set(result) - live)
    assert result["qdrant_status"] is None


def test_a_summary_leaves_the_long_parts_out(call: Caller) -> None:
    (full,) = listed(call)["results"]
    (summary,) = listed(call, query="?view=summary")["results"]
    assert set(full) - set(summary) == {
        "vector_configs",
        "feature_extractors",
        "payload_indexes",
        "vector_inference_map",
    }


def test_the_stats_add_up(several: Caller) -> None:
    MirroredNamespace.objects.update(document_count=5, object_count=None)
    stats = listed(several)["stats"]
    assert stats["total_documents"] == 20
    assert stats["avg_documents_per_namespace"] == 5
    assert stats["total_objects"] == 0
    assert stats["total_feature_extractors"] == 4
    assert len(stats) == 12


SEARCHES: list[tuple[dict[str, Any], Any]] = [
    ({}, 4),
    ({"filters": None, "sort": None, "search": None, "case_sensitive": None}, 4),
    ({"search": "REEL"}, 2),
    ({"search": "Beta", "case_sensitive": True}, 1),
    ({"search": "beta", "case_sensitive": True}, 0),
    ({"search": "100%"}, 1),
    ({"search": "%"}, 1),
    ({"search": "_"}, 4),  # every id holds one
    ({"search": "face_identity"}, 4),
    ({"filters": {"namespace_name": "alpha reel"}}, 1),
    ({"filters": {"namespace_name": {"$in": ["alpha reel", "Beta reel"]}}}, 2),
    ({"filters": {"namespace_name": {"$in": []}}}, 0),
    ({"filters": {"namespace_name": {"$eq": "alpha reel"}}}, 1),
    ({"filters": {"namespace_id": {"$eq": "ns_unknown"}}}, 0),
    ({"filters": {"namespace_name": {"$regex": "reel"}}}, 2),
    ({"filters": {"namespace_name": {"$regex": ".*reel.*", "$options": "i"}}}, 2),
    ({"filters": {"namespace_name": {"$regex": "100%"}}}, 1),
    ({"filters": {"namespace_name": {"$regex": "\\%"}}}, 1),
    ({"filters": {"namespace_id": "ns_unknown"}}, 0),
    ({"filters": {"namespace_id": {"$in": ["ns_unknown"]}}}, 0),
    ({"filters": {"namespace_name": "alpha reel", "namespace_id": "ns_x"}}, 0),
]


def test_filters_and_search(several: Caller, subtests) -> None:
    for body, expected in SEARCHES:
        with subtests.test(body=body):
            assert listed(several, body)["total_count"] == expected


def test_decomposed_letters_find_composed_ones(call: Caller) -> None:
    make_namespace(call.cast.northlight, "l\u00e4nder", in_qdrant=False)
    typed = "la\u0308nder"
    for body in (
        {"search": typed},
        {"search": typed, "case_sensitive": True},
        {"filters": {"namespace_name": typed}},
        {"filters": {"namespace_name": {"$regex": typed}}},
    ):
        assert names(listed(call, body)) == ["l\u00e4nder"], body


def test_a_filter_by_id_finds_one(several: Caller) -> None:
    own = several.cast.own.namespace_id
    assert names(listed(several, {"filters": {"namespace_id": own}})) == [
        "film archive"
    ]


NOT_OFFERED: list[tuple[dict[str, Any], Any]] = [
    ({"filters": {"internal_id": "x"}}, "filters.internal_id"),
    ({"filters": {"$where": "1"}}, "filters.$where"),
    ({"filters": {"namespace_id": {"$ne": None}}}, "filters.namespace_id"),
    ({"filters": {"namespace_id": {"$regex": "ns"}}}, "filters.namespace_id"),
    ({"filters": {"namespace_id": 7}}, "filters.namespace_id"),
    ({"filters": {"namespace_id": {"$in": "ns"}}}, "filters.namespace_id.$in"),
    ({"filters": {"namespace_id": {"$eq": 1}}}, "filters.namespace_id.$eq"),
    ({"filters": {"namespace_id": {"$ne": "ns"}}}, "filters.namespace_id"),
    (
        {"filters": {"namespace_name": {"$eq": "a", "$in": ["a"]}}},
        "filters.namespace_name",
    ),
    ({"filters": {"namespace_id": {"$in": [1]}}}, "filters.namespace_id.$in.0"),
    ({"filters": {"namespace_id": {"$in": ["a"] * 1001}}}, "filters.namespace_id.$in"),
    ({"filters": {"namespace_name": {"$gt": ""}}}, "filters.namespace_name"),
    (
        {"filters": {"namespace_name": {"$regex": "(a+)+$"}}},
        "filters.namespace_name.$regex",
    ),
    (
        {"filters": {"namespace_name": {"$regex": "^a"}}},
        "filters.namespace_name.$regex",
    ),
    (
        {"filters": {"namespace_name": {"$regex": "\\d"}}},
        "filters.namespace_name.$regex",
    ),
    (
        {"filters": {"namespace_name": {"$regex": ""}}},
        "filters.namespace_name.$regex",
    ),
    (
        {"filters": {"namespace_name": {"$regex": "a", "$options": "x"}}},
        "filters.namespace_name.$options",
    ),
    ({"filters": []}, "filters"),
    ({"sort": {"field": "internal_id", "direction": "asc"}}, "sort.field"),
    ({"sort": {"field": "created_at", "direction": "up"}}, "sort.direction"),
    ({"sort": {"direction": "asc"}}, "sort.field"),
    ({"search": 7}, "search"),
    ({"search": "x" * 201}, "search"),
    ({"case_sensitive": "yes"}, "case_sensitive"),
    ({"pipeline": []}, "pipeline"),
]


def test_what_is_not_offered_is_refused(call: Caller, subtests) -> None:
    for body, location in NOT_OFFERED:
        with subtests.test(body=body):
            assert locations_of(call("POST", "/namespaces/list", body)) == [location]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (
            {"field": "namespace_name"},
            ["alpha reel", "Beta reel", "film archive", "gamma 100%"],
        ),
        (
            {"field": "namespace_name", "direction": "desc"},
            ["gamma 100%", "film archive", "Beta reel", "alpha reel"],
        ),
    ],
)
def test_the_order(several: Caller, sort: dict[str, str], expected: list[str]) -> None:
    assert names(listed(several, {"sort": sort})) == expected


@pytest.mark.parametrize(
    "field",
    [
        "created_at",
        "updated_at",
        "expires_at",
        "document_count",
        "payload_index_count",
    ],
)
def test_every_order_is_total(several: Caller, field: str) -> None:
    body = {"sort": {"field": field, "direction": "asc"}}
    paged = [names(listed(several, body, f"?limit=1&page={n}"))[0] for n in range(1, 5)]
    assert sorted(paged) == sorted(names(listed(several)))


def test_pages_by_number(several: Caller) -> None:
    body = {"sort": {"field": "namespace_name"}}
    first = listed(several, body, "?page_size=3&include_total=true")
    assert names(first) == ["alpha reel", "Beta reel", "film archive"]
    assert first["pagination"]["total"] == 4
    assert first["pagination"]["total_pages"] == 2
    assert first["pagination"]["previous_page"] is None
    following = first["pagination"]["next_page"].removeprefix("/v1")
    second = json.loads(several("POST", following, body).content)
    assert names(second) == ["gamma 100%"]
    assert second["pagination"]["page"] == 2
    assert second["pagination"]["next_page"] is None
    assert second["pagination"]["previous_page"].endswith("page=1")


def test_pages_by_offset(several: Caller) -> None:
    body = {"sort": {"field": "namespace_name"}}
    assert names(listed(several, body, "?limit=2&offset=1")) == [
        "Beta reel",
        "film archive",
    ]
    assert names(listed(several, body, "?offset=10000")) == []


def test_pages_by_cursor(several: Caller) -> None:
    body = {"sort": {"field": "namespace_name"}}
    seen, query = [], "?limit=1"
    for _ in range(4):
        page = listed(several, body, query)
        seen += names(page)
        query = f"?limit=1&cursor={page['pagination']['next_cursor']}"
    assert seen == ["alpha reel", "Beta reel", "film archive", "gamma 100%"]
    assert page["pagination"]["next_cursor"] is None


WRONG_QUERIES: list[tuple[str, str]] = [
    ("?limit=0", "query.limit"),
    ("?limit=1001", "query.limit"),
    ("?limit=x", "query.limit"),
    ("?page_size=-1", "query.page_size"),
    ("?offset=-1", "query.offset"),
    ("?offset=10001", "query.offset"),
    ("?page=0", "query.page"),
    ("?limit=2&page_size=3", "query.page_size"),
    ("?page=2&offset=3", "query.page"),
    ("?page=2&cursor=x", "query.cursor"),
    ("?view=everything", "query.view"),
    ("?include_total=perhaps", "query.include_total"),
    ("?cursor=nonsense", "cursor"),
    ("?limit=1&limit=2", "query.limit"),
    ("?Limit=1", "query.Limit"),
]


def test_a_wrong_query_is_refused(call: Caller, subtests) -> None:
    for query, location in WRONG_QUERIES:
        with subtests.test(query=query):
            assert locations_of(call("POST", f"/namespaces/list{query}")) == [location]


def test_system_namespaces_only_when_asked_for(call: Caller) -> None:
    assert "world sample" not in names(listed(call))
    assert "world sample" in names(listed(call, query="?include_system=true"))


def test_nobody_sees_what_is_foreign(call: Caller) -> None:
    foreign = call.cast.foreign
    for body in (
        {"filters": {"namespace_id": foreign.namespace_id}},
        {"filters": {"namespace_name": foreign.name}},
        {"search": foreign.name},
        {},
    ):
        assert foreign.name not in names(listed(call, body))
    halden = call.cast.halden.organization_id
    assert listed(call, query=f"?organization_id={halden}")["results"] == []


def test_staff_see_all_or_one_organization(call: Caller) -> None:
    call.cast.open_sessions()
    everything = names(listed(call, role="support"))
    assert {"film archive", "museum objects"} <= set(everything)
    halden = call.cast.halden.organization_id
    only = listed(call, query=f"?organization_id={halden}", role="support")
    assert names(only) == ["museum objects"]


def test_the_target_of_a_clone_is_listed_with_its_status(call: Caller) -> None:
    make_namespace(
        call.cast.northlight, "copy", in_qdrant=False, clone_status="cloning"
    )
    found = listed(call, {"search": "copy"})["results"]
    assert [result["clone_status"] for result in found] == ["cloning"]


def test_the_number_of_queries_does_not_grow(
    several: Caller, django_assert_max_num_queries
) -> None:
    listed(several)
    for query in ("?limit=1", "?limit=100"):
        with django_assert_max_num_queries(7):
            listed(several, query=query)


def test_without_the_store_the_list_goes_on(call: Caller, settings) -> None:
    settings.NSADMIN_MONGODB_URL = AWAY
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert names(listed(call)) == ["film archive"]


def test_what_nobody_has_read_is_unknown_and_not_none(call: Caller, settings) -> None:
    MirroredNamespace.objects.all().delete()
    known, settings.NSADMIN_MONGODB_URL = settings.NSADMIN_MONGODB_URL, AWAY
    ids = [call.cast.own.namespace_id]
    for method, path, body in (
        ("GET", "/namespaces", None),
        ("POST", "/namespaces/list", None),
        ("POST", "/namespaces/stats/batch", {"namespace_ids": ids}),
    ):
        response = call(method, path, body)
        assert response.status_code == 503
        assert error_of(response)["code"] == "namespaces_unread"
        assert int(response.headers["Retry-After"]) > 0
    settings.NSADMIN_MONGODB_URL = known
    assert names(listed(call)) == ["film archive"]


def test_an_empty_body_needs_no_media_type(call: Caller) -> None:
    assert listed(call, media="")["total_count"] == 1
    refused = call("POST", "/namespaces/list", raw="{}", media="")
    assert refused.status_code == 415
    error_of(refused)


@pytest.mark.parametrize(
    "wanted",
    [
        "ÄPFEL und birnen",
        {"$eq": "äpfel UND BIRNEN"},
        {"$in": ["nothing", "Äpfel Und Birnen"]},
    ],
)
def test_a_name_filter_ignores_case(call: Caller, wanted: Any) -> None:
    made = make_namespace(call.cast.northlight, "Äpfel und Birnen", in_qdrant=False)
    found = listed(call, {"filters": {"namespace_name": wanted}})["results"]
    assert [one["namespace_id"] for one in found] == [made.namespace_id]
