"""`POST /v1/namespaces/{identifier}/extend`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.stores.mongo import namespaces as store
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace


def extended(call: Caller, body: Any) -> Any:
    path = f"/namespaces/{call.cast.own.namespace_id}/extend"
    response = call("POST", path, body)
    assert response.status_code == 200, response.content
    data = json.loads(response.content)
    assert response.headers["ETag"] == f'"r{data["revision"]}"'
    return data


@pytest.mark.parametrize("seconds", [60, 315_360_000])
def test_the_end_moves_by_seconds_from_now(call: Caller, seconds: int) -> None:
    data = extended(call, {"ttl_seconds": seconds})
    left = datetime.fromisoformat(data["expires_at"]) - datetime.now(UTC)
    assert abs(left - timedelta(seconds=seconds)) < timedelta(seconds=20)
    raw = store.get(call.cast.own.namespace_id)
    assert raw is not None
    assert isinstance(raw["expires_at"], datetime)
    assert AuditEvent.objects.filter(action="namespace:extend").count() == 1


def test_the_end_moves_to_a_time_or_goes(call: Caller) -> None:
    assert extended(call, {"expires_at": "2031-01-31T12:00:00Z"})["expires_at"] == (
        "2031-01-31T12:00:00Z"
    )
    assert extended(call, {"expires_at": None})["expires_at"] is None
    both = {"ttl_seconds": None, "expires_at": "2031-01-31T12:00:00Z"}
    assert extended(call, both)["expires_at"] == "2031-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"ttl_seconds": 59}, "ttl_seconds"),
        ({"ttl_seconds": 315_360_001}, "ttl_seconds"),
        ({"ttl_seconds": "60"}, "ttl_seconds"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2031-01-31T12:00:00"}, "expires_at"),
        ({"expires_at": "2020-01-31T12:00:00Z"}, "expires_at"),
        ({"ttl_seconds": None}, ""),
        ({"ttl_seconds": 60, "expires_at": None}, ""),
        ({"other": 1}, "other"),
        ({}, ""),
    ],
)
def test_an_end_that_is_not_accepted(call: Caller, body: Any, at: str) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/extend"
    assert locations_of(call("POST", path, body)) == [at]
    assert store.get(call.cast.own.namespace_id)["revision"] == 1


def test_one_that_is_being_deleted_is_not_extended(call: Caller) -> None:
    leaving = make_namespace(
        call.cast.northlight,
        "leaving",
        in_qdrant=False,
        deletion={"task_id": "t", "op_id": "o"},
    )
    path = f"/namespaces/{leaving.namespace_id}/extend"
    assert call("POST", path, {"ttl_seconds": 60}).status_code == 409


def test_a_key_that_may_not_delete_gives_no_first_and_no_earlier_end(
    call: Caller,
) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/extend"
    refused = call("POST", path, {"ttl_seconds": 60}, role="member")
    assert refused.status_code == 403
    assert error_of(refused)["code"] == "forbidden"
    extended(call, {"ttl_seconds": 3600})
    assert call("POST", path, {"ttl_seconds": 7200}, role="member").status_code == 200
    assert call("POST", path, {"ttl_seconds": 3600}, role="member").status_code == 403
    assert call("POST", path, {"expires_at": None}, role="member").status_code == 200
