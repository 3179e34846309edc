"""`DELETE /v1/namespaces/{identifier}`."""

import json
from typing import Any

import pytest

from nsadmin.access.keys.keys import create_key
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.stores.mongo import namespaces as store
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace


def deleted(call: Caller, target: str = "", **kwargs: Any) -> Any:
    """Delete it for good."""
    target = target or call.cast.own.namespace_id
    target += "&permanent=true" if "?" in target else "?permanent=true"
    response = call("DELETE", f"/namespaces/{target}", **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def protected(call: Caller, **extra: Any) -> str:
    made = make_namespace(call.cast.northlight, "another", in_qdrant=False, **extra)
    return made.namespace_id


def test_it_marks_at_once_and_answers_with_the_task(call: Caller) -> None:
    own = call.cast.own
    data = deleted(call)
    assert data == {
        "namespace_id": own.namespace_id,
        "task_id": str(Job.objects.get().job_id),
        "task_type": "api_namespaces_delete",
        "status": "PENDING",
        "deleted_at": None,
        "purge_after": None,
    }
    raw = store.get(own.namespace_id)
    assert raw is not None
    assert raw["deletion"]["task_id"] == data["task_id"]
    assert raw["revision"] == 2
    event = AuditEvent.objects.get(namespace_id=own.namespace_id)
    assert (event.action, event.outcome) == ("namespace:purge", "attempted")
    assert raw["deletion"]["op_id"] == event.op_id


def test_a_name_is_as_good_as_an_id(call: Caller) -> None:
    assert deleted(call, "Film%20Archive")["namespace_id"] == call.cast.own.namespace_id


def test_the_task_tells_how_far_it_is_and_cannot_be_stopped(call: Caller) -> None:
    data = deleted(call)
    task = json.loads(call("GET", f"/tasks/{data['task_id']}").content)
    assert task["task_type"] == "api_namespaces_delete"
    stages = task["additional_data"]["progress"]["stages"]
    assert stages[0]["key"] == "stop"
    refused = call("DELETE", f"/tasks/{data['task_id']}")
    assert refused.status_code == 409
    assert error_of(refused)["code"] == "task_not_cancellable"
    assert Job.objects.get().state == State.QUEUED


def test_deleting_twice_gives_the_same_task(call: Caller) -> None:
    first, again = deleted(call), deleted(call, "film%20archive")
    assert first == again
    assert Job.objects.count() == 1
    retried = deleted(call, **{"If-Match": '"r1"'})
    assert retried == first


def test_a_failed_deletion_goes_on_when_it_is_asked_for_again(call: Caller) -> None:
    first = deleted(call)
    Job.objects.update(state=State.FAILED, settled=True, error="Qdrant was silent.")
    again = deleted(call)
    assert again == first
    assert Job.objects.get().state == State.QUEUED
    assert AuditEvent.objects.filter(action="namespace:purge").count() == 2


def test_if_match_is_honoured(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}?permanent=true"
    moved = call("DELETE", path, **{"If-Match": '"r7"'})
    assert moved.status_code == 412
    assert error_of(moved)["details"]["etag"] == "r1"
    assert not Job.objects.exists()
    assert call("DELETE", path, **{"If-Match": "nonsense"}).status_code == 400
    assert deleted(call, **{"If-Match": '"r1"'})["status"] == "PENDING"


@pytest.mark.parametrize(
    "query", ["?cascade=true", "?force=perhaps", "?dry_run=true", "?force=true"]
)
def test_what_it_does_not_know_is_refused(call: Caller, query: str) -> None:
    response = call("DELETE", f"/namespaces/{call.cast.own.namespace_id}{query}")
    assert locations_of(response)
    assert not Job.objects.exists()


def test_a_running_clone_stands_against_it_without_force(call: Caller) -> None:
    own = call.cast.own.namespace_id
    body = {"namespace_name": "staging"}
    clone = json.loads(call("POST", f"/namespaces/{own}/clone", body).content)
    for target in (own, clone["namespace"]["namespace_id"]):
        refused = call("DELETE", f"/namespaces/{target}")
        assert refused.status_code == 409
        error = error_of(refused)
        assert error["code"] == "namespace_busy"
        assert error["details"]["task_ids"] == [clone["task_id"]]
        assert "still running on this namespace: Clone" in error["message"]
    assert "deletion" not in store.get(own)
    assert deleted(call, f"{own}?force=true")["status"] == "PENDING"


def test_a_protected_namespace_stays_even_with_force(call: Caller) -> None:
    target = protected(call, protected=True)
    refused = call("DELETE", f"/namespaces/{target}?permanent=true&force=true")
    assert refused.status_code == 409
    assert error_of(refused)["code"] == "namespace_protected"
    assert store.get(target)["revision"] == 1


def test_nothing_else_is_done_to_it_meanwhile(call: Caller) -> None:
    own = call.cast.own.namespace_id
    task_id = deleted(call)["task_id"]
    for method, path, body in (
        ("PATCH", "", {"description": "changed"}),
        ("PUT", "", {"namespace_name": "renamed"}),
        ("POST", "/ensure-indexes", None),
        ("POST", "/clone", {"namespace_name": "a copy"}),
    ):
        refused = call(method, f"/namespaces/{own}{path}", body)
        assert refused.status_code == 409, path
        error = error_of(refused)
        assert error["details"]["task_id"] == task_id
        assert "is being deleted" in error["message"]
    assert call("GET", f"/namespaces/{own}").status_code == 200


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["delete"], 200), (["admin"], 200), (["write"], 403), (["read"], 403)],
)
def test_a_keys_scopes_narrow_it(call: Caller, scopes: list[str], status: int) -> None:
    cast = call.cast
    _, cast.keys["scoped"] = create_key(
        cast.northlight, name="scoped", role=Role.ADMIN, scopes=scopes
    )
    path = f"/namespaces/{cast.own.namespace_id}"
    assert call("DELETE", path, role="scoped").status_code == status


def test_the_store_is_asked_before_anything_is_promised(call: Caller, settings) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    assert (
        call("DELETE", f"/namespaces/{call.cast.own.namespace_id}").status_code == 503
    )
    assert not Job.objects.exists()


def test_by_default_it_can_be_restored_as_from_the_page(call: Caller) -> None:
    own = call.cast.own.namespace_id
    response = call("DELETE", f"/namespaces/{own}")
    assert response.status_code == 200, response.content
    data = json.loads(response.content)
    raw = store.get(own)
    assert raw is not None
    assert "deletion" not in raw
    assert data["status"] == "COMPLETED"
    assert data["purge_after"] > data["deleted_at"]
    task = json.loads(call("GET", f"/tasks/{data['task_id']}").content)
    assert (task["status"], task["error"]) == ("COMPLETED", None)
    event = AuditEvent.objects.get(namespace_id=own)
    assert (event.action, event.outcome) == ("namespace:delete", "done")
    assert call("GET", f"/namespaces/{own}").status_code == 404
    assert call("DELETE", f"/namespaces/{own}").status_code == 404
    back = tombstones.restore(call.cast.actor(), own, "film archive")
    assert back.namespace.deleted_at is None


def test_a_restorable_deletion_honours_if_match_and_running_jobs(call: Caller) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}"
    assert call("DELETE", path, **{"If-Match": '"r7"'}).status_code == 412
    call("POST", f"{path}/clone", {"namespace_name": "staging"})
    assert error_of(call("DELETE", path))["code"] == "namespace_busy"


def test_what_is_deleted_already_can_be_deleted_for_good(call: Caller) -> None:
    own = call.cast.own.namespace_id
    assert call("DELETE", f"/namespaces/{own}").status_code == 200
    path = f"/namespaces/{own}?permanent=true"
    assert call("DELETE", path, **{"If-Match": '"r1"'}).status_code == 412
    assert "deletion" not in store.get(own)
    assert deleted(call)["status"] == "PENDING"
    path = f"/namespaces/{call.cast.foreign.namespace_id}?permanent=true"
    assert call("DELETE", path).status_code == 404
