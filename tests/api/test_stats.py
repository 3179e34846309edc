"""`GET …/stats` and `POST …/stats/batch`."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import LastLook, MirroredNamespace
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace, make_resources

COUNTS = {
    "document_count",
    "document_count_at",
    "bucket_count",
    "collection_count",
    "object_count",
}


def batch(call: Caller, ids: Any, **kwargs: Any) -> Any:
    response = call("POST", "/namespaces/stats/batch", {"namespace_ids": ids}, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)["stats"]


def test_one_is_counted_now(call: Caller) -> None:
    make_resources(call.cast.own)
    for identifier in (call.cast.own.namespace_id, call.cast.own.name):
        response = call("GET", f"/namespaces/{identifier}/stats")
        answer = json.loads(response.content)
        assert datetime.fromisoformat(answer.pop("document_count_at"))
        assert answer == {
            "namespace_id": call.cast.own.namespace_id,
            "document_count": 3,
            "bucket_count": 1,
            "collection_count": 0,
            "object_count": 1,
        }


def test_what_nobody_knows_is_null(call: Caller) -> None:
    ghost = make_namespace(call.cast.northlight, "ghost", in_qdrant=False)
    response = call("GET", f"/namespaces/{ghost.namespace_id}/stats")
    data = json.loads(response.content)
    assert data["document_count"] is None
    assert data["bucket_count"] == 0
    LastLook.objects.all().delete()
    found = batch(call, [ghost.namespace_id])[ghost.namespace_id]
    assert found["document_count"] is None


def test_many_are_counted_in_one_query(call: Caller) -> None:
    make_resources(call.cast.own)
    comparison.reconcile()
    ids = [
        make_namespace(call.cast.northlight, f"more {n}", in_qdrant=False).namespace_id
        for n in range(5)
    ]
    batch(call, [])  # the key's first use is noted
    seen = []
    for wanted in ([call.cast.own.namespace_id], [call.cast.own.namespace_id, *ids]):
        with CaptureQueriesContext(connection) as queries:
            found = batch(call, wanted)
        seen.append(len(queries))
        assert set(found) == set(wanted)
    assert seen[0] == seen[1]
    own = found[call.cast.own.namespace_id]
    assert set(own) == COUNTS
    assert (own["bucket_count"], own["object_count"]) == (1, 1)


def test_what_one_cannot_see_is_left_out(call: Caller) -> None:
    call.cast.open_sessions()
    cast = call.cast
    ids = [
        cast.own.namespace_id,
        cast.foreign.namespace_id,
        cast.system.namespace_id,
        "ns_nowhere",
        cast.own.name,
    ]
    assert set(batch(call, ids)) == {ids[0], ids[2]}
    assert set(batch(call, ids, role="support")) == set(ids[:3])
    MirroredNamespace.objects.filter(namespace_id=ids[0]).update(
        deleted_at="2026-01-01T00:00:00Z"
    )
    assert set(batch(call, ids)) == {ids[2]}


def test_the_bounds_of_a_batch(call: Caller) -> None:
    own = call.cast.own.namespace_id
    assert set(batch(call, [own] * 100)) == {own}
    assert batch(call, []) == {}
    path = "/namespaces/stats/batch"
    too_many = {"namespace_ids": [own] * 101}
    assert locations_of(call("POST", path, too_many)) == ["namespace_ids"]
    assert locations_of(call("POST", path, {})) == ["namespace_ids"]
    odd = {"namespace_ids": [5], "more": 1}
    assert locations_of(call("POST", path, odd)) == ["namespace_ids.0", "more"]


@pytest.mark.parametrize("role", ["stranger"])
def test_a_foreign_one_is_not_there(call: Caller, role: str) -> None:
    response = call("GET", f"/namespaces/{call.cast.own.namespace_id}/stats", role=role)
    assert error_of(response)["code"] == "not_found"
