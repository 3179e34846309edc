"""Cursors of the list: each continues after the last one seen, in one list only."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.namespaces.models import MirroredDocument, MirroredNamespace
from tests.api.conftest import Caller, locations_of
from tests.cast import make_namespace

_START = datetime(2026, 1, 1, tzinfo=UTC)
BY_NAME = {"sort": {"field": "namespace_name"}}


def listed(call: Caller, body: Any = None, query: str = "") -> Any:
    response = call("POST", f"/namespaces/list{query}", body)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def ids(page: Any) -> list[str]:
    return [result["namespace_id"] for result in page["results"]]


def cursor_of(page: Any) -> str:
    return page["pagination"]["next_cursor"]


def walk(call: Caller, body: Any, limit: int, cursor: str | None) -> list[str]:
    """Follow the cursors to the end and return the ids of what they lead to."""
    found: list[str] = []
    while cursor is not None:
        page = listed(call, body, f"?limit={limit}&cursor={cursor}")
        found += ids(page)
        cursor = cursor_of(page)
    return found


def rewritten(cursor: str, values: Any) -> str:
    """Return the cursor with another place in it."""
    digest, _ = json.loads(base64.urlsafe_b64decode(cursor))
    return packed(json.dumps([digest, values]))


def packed(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(data).decode()


def rows_of(number: int) -> list[MirroredNamespace]:
    """Return rows of the mirror where nulls and equal values meet in every column."""
    equal = _START + timedelta(microseconds=123_456)
    moments = [None, _START, equal, equal, equal + timedelta(microseconds=1)]
    return [
        MirroredNamespace(
            namespace_id=f"ns_{n:05}",
            name=f"row {n}",
            name_key=f"row {n // 2} {'é' * 20}",
            created_at=moments[n % 5],
            updated_at=moments[n // 2 % 5],
            expires_at=moments[n // 3 % 5],
            document_count=[None, 0, 7, 7][n % 4],
            index_count=n % 3,
            mirrored_at=_START,
        )
        for n in range(number)
    ]


def fill(call: Caller, number: int) -> None:
    """Put so many rows beside the one that the organization has."""
    own = MirroredNamespace.objects.get(pk=call.cast.own.namespace_id)
    rows = rows_of(number)
    for row in rows:
        row.internal_id = own.internal_id
        row.organization_id = own.organization_id
    MirroredNamespace.objects.bulk_create(rows)
    MirroredDocument.objects.bulk_create(
        MirroredDocument(
            namespace=row,
            content=own.document.content | {"namespace_id": row.namespace_id},
        )
        for row in rows
    )


@pytest.fixture
def many(call: Caller) -> Caller:
    fill(call, 13)
    return call


@pytest.fixture
def six(call: Caller) -> Caller:
    for name in "bcdef":
        make_namespace(call.cast.northlight, f"{name}{name}{name}", in_qdrant=False)
    return call


FIELDS = [
    "namespace_name",
    "created_at",
    "updated_at",
    "expires_at",
    "document_count",
    "payload_index_count",
]


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", FIELDS)
def test_a_walk_meets_every_row_once(many: Caller, field: str, direction: str) -> None:
    body = {"sort": {"field": field, "direction": direction}}
    first = listed(many, body, "?limit=2")
    found = ids(first) + walk(many, body, 2, cursor_of(first))
    assert found == ids(listed(many, body))
    assert len(found) == len(set(found)) == 14


@pytest.mark.parametrize("directions", ["aaa", "ada", "dad", "ddd"])
def test_several_orders_are_walked_too(many: Caller, directions: str) -> None:
    fields = ("document_count", "expires_at", "payload_index_count")
    words = {"a": "asc", "d": "desc"}
    body = {
        "sorts": [
            {"field": field, "direction": words[letter]}
            for field, letter in zip(fields, directions, strict=True)
        ]
    }
    first = listed(many, body, "?limit=2")
    found = ids(first) + walk(many, body, 2, cursor_of(first))
    assert found == ids(listed(many, body))
    assert len(found) == len(set(found)) == 14


def test_a_deletion_between_pages_skips_nothing(six: Caller) -> None:
    before = ids(listed(six, BY_NAME))
    first = listed(six, BY_NAME, "?limit=3")
    MirroredNamespace.objects.filter(pk=ids(first)[0]).delete()
    assert walk(six, BY_NAME, 3, cursor_of(first)) == before[3:]


def test_the_last_one_seen_may_be_deleted(six: Caller) -> None:
    before = ids(listed(six, BY_NAME))
    first = listed(six, BY_NAME, "?limit=3")
    MirroredNamespace.objects.filter(pk=ids(first)[-1]).delete()
    assert walk(six, BY_NAME, 3, cursor_of(first)) == before[3:]


def test_what_comes_between_pages_repeats_nothing(six: Caller) -> None:
    before = ids(listed(six, BY_NAME))
    first = listed(six, BY_NAME, "?limit=3")
    make_namespace(six.cast.northlight, "aaa", in_qdrant=False)
    assert walk(six, BY_NAME, 3, cursor_of(first)) == before[3:]


@pytest.mark.parametrize("changed", range(6))
def test_a_change_between_pages_loses_nothing_untouched(
    six: Caller, changed: int
) -> None:
    before = ids(listed(six))
    first = listed(six, None, "?limit=3")
    moved = before[changed]
    response = six("PATCH", f"/namespaces/{moved}", {"description": "other"})
    assert response.status_code == 200, response.content
    assert ids(listed(six))[0] == moved
    rest = [one for one in before[3:] if one != moved]
    assert walk(six, None, 2, cursor_of(first)) == rest


def test_a_change_repeats_at_most_what_changed(six: Caller) -> None:
    body = {"sort": {"field": "updated_at", "direction": "asc"}}
    before = ids(listed(six, body))
    first = listed(six, body, "?limit=3")
    six("PATCH", f"/namespaces/{before[0]}", {"description": "other"})
    assert walk(six, body, 2, cursor_of(first)) == [*before[3:], before[0]]


def test_a_page_after_a_cursor_still_counts_the_whole_list(six: Caller) -> None:
    cursor = cursor_of(listed(six, BY_NAME, "?limit=2"))
    query = f"?limit=2&include_total=true&cursor={cursor}"
    page = listed(six, BY_NAME, query)
    assert page["total_count"] == 6
    pagination = page["pagination"]
    assert pagination.pop("next_cursor")
    assert pagination == {
        "total": 6,
        "page": None,
        "page_size": 2,
        "total_pages": 3,
        "next_page": None,
        "previous_page": None,
    }


def test_a_walk_may_begin_behind_an_offset(six: Caller) -> None:
    page = listed(six, BY_NAME, "?limit=2&offset=1")
    assert walk(six, BY_NAME, 2, cursor_of(page)) == ids(listed(six, BY_NAME))[3:]


def test_a_walk_goes_further_than_offsets(call: Caller) -> None:
    fill(call, 10_050)
    body = {"sort": {"field": "payload_index_count"}}
    far = listed(call, body, "?view=summary&limit=20&offset=10000")
    found = walk(call, body, 20, cursor_of(far))
    assert len(found) == len(set(found)) == 31
    assert not set(found) & set(ids(far))


def test_the_longest_names_fit(call: Caller) -> None:
    fill(call, 2)
    for row in MirroredNamespace.objects.filter(pk__startswith="ns_0000"):
        MirroredNamespace.objects.filter(pk=row.pk).update(
            name_key="\U0001f3ac" * 255 + row.pk[-1]
        )
    fields = [{"field": field, "direction": "desc"} for field in FIELDS]
    body = {"sorts": fields}
    first = listed(call, body, "?limit=1")
    assert len(cursor_of(first)) > 1000
    assert len(walk(call, body, 1, cursor_of(first))) == 2


def test_a_cursor_belongs_to_one_list(six: Caller, subtests) -> None:
    body = {"search": "ns", "sort": {"field": "namespace_name"}}
    cursor = cursor_of(listed(six, body, "?limit=2"))
    for change, query in (
        ({"search": "bbb"}, ""),
        ({"search": None}, ""),
        ({"case_sensitive": True}, ""),
        ({"filters": {"namespace_name": "ccc"}}, ""),
        ({"filters": {"namespace_name": {"$regex": "c"}}}, ""),
        ({"filters": {"namespace_id": {"$in": ["ns_x"]}}}, ""),
        ({"sort": None}, ""),
        ({"sort": {"field": "namespace_name", "direction": "desc"}}, ""),
        ({}, "&include_system=true"),
        ({}, f"&organization_id={six.cast.northlight.organization_id}"),
    ):
        with subtests.test(change=change, query=query):
            at = f"/namespaces/list?limit=2&cursor={cursor}{query}"
            assert locations_of(six("POST", at, {**body, **change})) == ["cursor"]


def test_the_same_list_may_be_said_in_other_words(six: Caller) -> None:
    cursor = cursor_of(listed(six, None, "?limit=2"))
    usual = {"sort": {"field": "updated_at", "direction": "desc"}}
    rest = ids(listed(six))[2:]
    for body in (None, {}, usual, {"sorts": [usual["sort"]]}, {"search": ""}):
        query = f"?view=summary&limit=25&cursor={cursor}"
        assert ids(listed(six, body, query)) == rest
    got = six("GET", f"/namespaces?cursor={cursor}")
    assert ids(json.loads(got.content)) == rest


TIMES: list[Any] = [
    1,
    True,
    "",
    "yesterday",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    ["2026-01-01T00:00:00+00:00"],
    {},
]
NUMBERS: list[Any] = ["7", 7.5, True, 2**63, -(2**63) - 1, 10**400, [], {}]
TEXTS: list[Any] = [None, 7, True, "a\x00b", "\ud800", "x" * 257, []]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("updated_at", TIMES),
        ("expires_at", TIMES),
        ("document_count", NUMBERS),
        ("payload_index_count", [*NUMBERS, None]),
        ("namespace_name", TEXTS),
    ],
)
def test_a_place_of_another_kind_is_refused(
    many: Caller, field: str, wrong: list[Any], subtests
) -> None:
    body = {"sort": {"field": field}}
    given = cursor_of(listed(many, body, "?limit=2"))
    for value in wrong:
        with subtests.test(value=value):
            cursor = rewritten(given, [value, "ns_00001"])
            response = many("POST", f"/namespaces/list?cursor={cursor}", body)
            assert locations_of(response) == ["cursor"]


def test_a_cursor_that_was_never_given(many: Caller, subtests) -> None:
    given = cursor_of(listed(many, BY_NAME, "?limit=2"))
    digest, _ = json.loads(base64.urlsafe_b64decode(given))
    known = ["row", "ns_00001"]
    places: list[Any] = [
        None,
        25,
        "row",
        {},
        [],
        ["row"],
        ["row", None],
        ["row", 1],
        ["row", "\x00"],
        ["row", "ns_00001", "x"],
    ]
    for cursor in (
        given[:-5],
        given[1:],
        f"é{given}",
        "nonsense",
        packed("[" * 1800),
        packed("9" * 1800),
        packed(b"\xff\xfe\x00"),
        packed("{}"),
        packed("null"),
        packed("[]"),
        packed(json.dumps([digest])),
        packed(json.dumps([known])),
        packed(json.dumps([digest[::-1], known])),
        packed(json.dumps([digest, "x", known])),
        packed(json.dumps(["name", None, 25])),
        *(rewritten(given, place) for place in places),
    ):
        with subtests.test(cursor=cursor):
            response = many("POST", f"/namespaces/list?cursor={cursor}", BY_NAME)
            assert locations_of(response) == ["cursor"]


def test_a_page_after_a_cursor_costs_what_the_first_costs(many: Caller) -> None:
    cursor = cursor_of(listed(many, None, "?limit=2"))
    for query in ("?limit=2", f"?limit=2&cursor={cursor}"):
        with CaptureQueriesContext(connection) as queries:
            listed(many, None, query)
        assert len(queries) <= 5
