"""`sorts` of the list, and what a page costs however long it is."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import Caller, locations_of
from tests.cast import make_namespace


def listed(call: Caller, body: Any, query: str = "") -> Any:
    response = call("POST", f"/namespaces/list{query}", body)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def by(*fields: str) -> dict[str, Any]:
    """The body that orders by these fields; a minus before one falls."""
    return {
        "sorts": [
            {"field": f.lstrip("-"), "direction": "desc" if f[0] == "-" else "asc"}
            for f in fields
        ]
    }


@pytest.fixture
def three(call: Caller) -> Caller:
    """Two with one index more than the third."""
    rank = {"rank": {"type": "integer", "lookup": True, "range": True}}
    make_namespace(call.cast.northlight, "aaa", in_qdrant=False, indexes=rank)
    make_namespace(call.cast.northlight, "bbb", in_qdrant=False, indexes=rank)
    return call


def names(data: Any) -> list[str]:
    return [row["namespace_name"] for row in data["results"]]


def test_the_second_order_decides_among_equals(three: Caller) -> None:
    up = listed(three, by("-payload_index_count", "namespace_name"))
    down = listed(three, by("-payload_index_count", "-namespace_name"))
    assert names(up) == ["aaa", "bbb", "film archive"]
    assert names(down) == ["bbb", "aaa", "film archive"]


def test_one_order_in_the_list_is_the_same_as_sort(three: Caller) -> None:
    alone = {"sort": {"field": "namespace_name", "direction": "desc"}}
    assert names(listed(three, alone)) == names(listed(three, by("-namespace_name")))


def test_a_cursor_belongs_to_its_orders(three: Caller) -> None:
    body = by("-payload_index_count", "namespace_name")
    cursor = listed(three, body, "?limit=1")["pagination"]["next_cursor"]
    query = f"?limit=1&cursor={cursor}"
    assert names(listed(three, body, query)) == ["bbb"]
    other = by("-payload_index_count", "-namespace_name")
    for wrong in (other, by("-payload_index_count"), {}):
        response = three("POST", f"/namespaces/list{query}", wrong)
        assert locations_of(response) == ["cursor"]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"sorts": []}, "sorts"),
        (by("namespace_name", "-namespace_name"), "sorts"),
        ({**by("namespace_name"), "sort": {"field": "created_at"}}, "sorts"),
        ({"sorts": [{"field": "password"}]}, "sorts.0.field"),
        ({"sorts": [{"field": "created_at", "direction": "up"}]}, "sorts.0.direction"),
    ],
)
def test_orders_that_are_not_accepted(call: Caller, body: Any, at: str) -> None:
    assert locations_of(call("POST", "/namespaces/list", body)) == [at]


def test_a_page_costs_the_same_however_long_it_is(three: Caller) -> None:
    listed(three, {})  # the key's first use is noted
    seen = []
    for query in ("?limit=1", "?limit=1000"):
        with CaptureQueriesContext(connection) as queries:
            listed(three, {}, query)
        seen.append(len(queries))
    assert seen[0] == seen[1] <= 5
