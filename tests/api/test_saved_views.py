"""Saved views of the list of namespaces by the API."""

import json
from typing import Any

import pytest

from nsadmin.access.models import ApiKey
from nsadmin.namespaces.listing.saved_views import MOST
from nsadmin.namespaces.listing.view_query import COLUMN_NAMES, kept_query
from nsadmin.namespaces.models import SavedView
from nsadmin.pages.namespaces.shape import COLUMNS
from tests.api.conftest import Caller, error_of, locations_of

ROOT = "/views/namespaces"


def saved(call: Caller, **body: Any) -> dict[str, Any]:
    """Save a view; return the answer."""
    response = call("POST", ROOT, body)
    assert response.status_code == 201, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def listed(call: Caller, role: str = "admin") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call("GET", ROOT, role=role).content)
    return found


def test_a_view_is_kept_read_changed_and_deleted(call):
    made = saved(call, name="shared ones", query="tier=shared&page=3&sort=name")
    assert (made["query"], made["is_default"]) == ("tier=shared&sort=name", False)
    own = f"?tier=shared&sort=name&view={made['view_id']}"
    assert made["view_url"].endswith(f"/namespaces/{own}")
    assert listed(call) == [made]
    at = f"{ROOT}/{made['view_id']}"
    change = {"name": "all shared", "is_default": True}
    changed = json.loads(call("PATCH", at, change).content)
    assert (changed["name"], changed["is_default"]) == ("all shared", True)
    assert json.loads(call("PATCH", at, {"name": None}).content) == changed
    assert json.loads(call("GET", at).content) == changed
    assert json.loads(call("DELETE", at).content) == changed
    assert listed(call) == []
    assert call("GET", at).status_code == 404


def test_a_key_has_the_views_of_its_person(call):
    user = call.cast.users["admin"]
    key = call.cast.keys["admin"].split("_")[1]
    ApiKey.objects.filter(key_id=key).update(creator=user)
    made = saved(call, name="mine")
    assert SavedView.objects.get(view_id=made["view_id"]).person == str(user.pk)
    assert listed(call, "member") == []
    at = f"{ROOT}/{made['view_id']}"
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        refused = call(method, at, body, role="member")
        assert refused.status_code == 404, method
        assert error_of(refused)["details"]["resource"] == "view"
    assert SavedView.objects.count() == 1


def test_names_and_numbers_have_limits(call):
    saved(call, name="one")
    other = saved(call, name="two")
    taken = call("PATCH", f"{ROOT}/{other['view_id']}", {"name": "One"})
    assert (taken.status_code, locations_of(taken)) == (422, ["name"])
    assert call("POST", ROOT, {"name": "  "}).status_code == 422
    for number in range(MOST - 2):
        saved(call, name=f"view {number}")
    assert call("POST", ROOT, {"name": "one more"}).status_code == 409
    assert saved(call, name="ONE", query="per=50")["query"] == "per=50"


def test_a_query_of_too_many_fields_is_refused(call):
    response = call("POST", ROOT, {"name": "many", "query": "a=1&" * 200})
    assert (response.status_code, locations_of(response)) == (422, ["query"])


def test_the_same_idempotency_key_saves_once(call):
    key = {"Idempotency-Key": "one"}
    answers = [call("POST", ROOT, {"name": "v"}, **key).content for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", ""),
        ("?after=x&tier=shared", "tier=shared"),
        ("columns=name,created&columns=tier", "columns=tier%2Ccreated"),
        ("columns=fish&search=", ""),
        (f"search={'x' * 300}", f"search={'x' * 200}"),
    ],
)
def test_a_view_keeps_the_known_keys(query, kept):
    assert kept_query(query) == kept


def test_the_columns_are_those_of_the_page():
    assert tuple(COLUMNS) == COLUMN_NAMES
