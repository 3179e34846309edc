"""`/v1/tasks`."""

import base64
import json
import uuid
from typing import Any

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.jobs.models import State
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_job


def listed(call: Caller, body: Any = None, query: str = "", **kwargs: Any) -> Any:
    response = call("POST", f"/tasks/list{query}", body, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_get_answers_with_the_task(call: Caller) -> None:
    job = make_job(call.cast.northlight, namespace_id="ns_b", inputs={"a": 1})
    task = json.loads(call("GET", f"/tasks/{job.job_id}").content)
    assert task["task_id"] == str(job.job_id)
    assert task["task_type"] == "api_namespaces_create"
    assert task["status"] == "PENDING"
    assert task["inputs"] == [{"a": 1}]
    assert task["outputs"] is None
    assert task["error"] is None
    assert task["additional_data"]["namespace_id"] == "ns_b"
    assert task["additional_data"]["kind"] == "clone"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.QUEUED, "PENDING"),
        (State.RUNNING, "IN_PROGRESS"),
        (State.DONE, "COMPLETED"),
        (State.FAILED, "FAILED"),
        (State.CANCELLED, "CANCELED"),
    ],
)
def test_only_published_statuses(call: Caller, state: State, status: str) -> None:
    job = make_job(call.cast.northlight, state=state, error="It broke.")
    task = json.loads(call("GET", f"/tasks/{job.job_id}").content)
    assert task["status"] == status
    assert task["error"] == ("It broke." if state is State.FAILED else None)


def test_what_a_task_waits_for_is_told(call: Caller) -> None:
    job = make_job(
        call.cast.northlight,
        waiting="Qdrant does not answer.",
        progress={"stages": [], "percent": 7, "history": [[1, 2]], "moved_at": 3},
    )
    told = json.loads(call("GET", f"/tasks/{job.job_id}").content)["additional_data"]
    assert told["waiting"] == "Qdrant does not answer."
    assert (told["attempts"], told["heartbeat_at"]) == (0, None)
    assert told["progress"] == {
        "stages": [],
        "percent": 7,
        "rate": None,
        "left_s": None,
    }


def test_every_field_of_the_contract_is_there(call: Caller) -> None:
    job = make_job(call.cast.northlight)
    task = json.loads(call("GET", f"/tasks/{job.job_id}").content)
    assert task == listed(call)["results"][0]
    assert set(task) == {
        "task_id",
        "task_type",
        "status",
        "inputs",
        "outputs",
        "additional_data",
        "error",
        "error_message",
        "queue_position",
        "estimated_wait_minutes",
    }
    assert task["queue_position"] == 0


def test_a_foreign_task_is_answered_like_one_that_does_not_exist(call: Caller) -> None:
    def answer(task_id: str) -> str:
        response = call("GET", f"/tasks/{task_id}", x_request_id="the-same-request")
        assert response.status_code == 404
        return response.content.decode().replace(task_id, "…")

    foreign = str(make_job(call.cast.halden).job_id)
    assert answer(foreign) == answer(str(uuid.uuid4()))


@pytest.mark.parametrize("task_id", ["x", "task_1", "%00", "..", "1" * 300])
def test_an_odd_id_is_not_found(call: Caller, task_id: str) -> None:
    response = call("GET", f"/tasks/{task_id}")
    assert response.status_code == 404
    error_of(response)


def test_delete_stops_a_task(call: Caller) -> None:
    job = make_job(call.cast.northlight)
    for _ in range(2):
        response = call("DELETE", f"/tasks/{job.job_id}")
        assert response.status_code == 200
        assert json.loads(response.content)["success"] is True
        job.refresh_from_db()
        assert job.state == State.CANCELLED


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_who_stops_a_task_is_in_the_audit_once(call: Caller, state: State) -> None:
    job = make_job(
        call.cast.northlight, state=state, namespace_id="ns_b", namespace_name="b"
    )
    for role in ("member", "admin"):
        call("DELETE", f"/tasks/{job.job_id}", role=role, x_request_id="req-of-it")
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("job:cancel", "done")
    assert event.actor_label == "key member key"
    assert event.request_id
    assert (event.namespace_id, event.namespace_name) == ("ns_b", "b")
    assert event.organization_id == call.cast.northlight.organization_id
    assert str(job.job_id) in event.summary


def test_stopping_what_has_ended_or_stops_already_is_not_in_the_audit(
    call: Caller,
) -> None:
    ended = make_job(call.cast.northlight, state=State.DONE)
    stopping = make_job(
        call.cast.northlight, state=State.RUNNING, cancel_requested=True
    )
    foreign = make_job(call.cast.halden)
    for job in (ended, stopping, foreign):
        assert call("DELETE", f"/tasks/{job.job_id}").status_code == 200
    assert not AuditEvent.objects.exists()


def test_staff_stops_a_task_in_the_audit_of_its_organization(call: Caller) -> None:
    call.cast.open_sessions()
    job = make_job(call.cast.halden)
    call("DELETE", f"/tasks/{job.job_id}", role="platform_admin")
    event = AuditEvent.objects.get(action="job:cancel")
    assert event.support_session
    assert event.organization_id == call.cast.halden.organization_id


def test_delete_of_what_runs_asks_it_to_stop(call: Caller) -> None:
    job = make_job(call.cast.northlight, state=State.RUNNING)
    assert call("DELETE", f"/tasks/{job.job_id}").status_code == 200
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == (State.RUNNING, True)


def test_delete_of_what_is_unknown_or_foreign_is_the_same_and_no_error(
    call: Caller,
) -> None:
    job = make_job(call.cast.halden)
    answers = [
        call("DELETE", f"/tasks/{task_id}").content
        for task_id in (job.job_id, uuid.uuid4(), "x")
    ]
    assert len(set(answers)) == 1
    assert json.loads(answers[0])["success"] is True
    job.refresh_from_db()
    assert job.state == State.QUEUED


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_who_only_reads_sees_tasks_and_stops_none(call: Caller, role: str) -> None:
    call.cast.open_sessions()
    job = make_job(call.cast.northlight)
    assert call("GET", f"/tasks/{job.job_id}", role=role).status_code == 200
    assert call("DELETE", f"/tasks/{job.job_id}", role=role).status_code == 403
    job.refresh_from_db()
    assert job.state == State.QUEUED


def test_the_list_is_newest_first_and_ones_own(call: Caller) -> None:
    call.cast.open_sessions()
    first = make_job(call.cast.northlight)
    second = make_job(call.cast.northlight)
    make_job(call.cast.halden)
    ids = [task["task_id"] for task in listed(call)["results"]]
    assert ids == [str(second.job_id), str(first.job_id)]
    assert len(listed(call, role="support")["results"]) == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, 3),
        ({"status": "PENDING"}, 2),
        ({"status": "COMPLETED"}, 1),
        ({"status": "PROCESSING"}, 0),
        ({"task_type": "api_namespaces_create"}, 3),
        ({"task_type": "api_buckets_delete"}, 0),
        ({"filters": {"namespace_id": "ns_b"}}, 1),
        ({"filters": {"namespace_id": None}}, 3),
        ({"search": "special"}, 1),
        ({"search": "%"}, 0),
        ({"sort": {"field": "created_at", "direction": "desc"}}, 3),
    ],
)
def test_filters(call: Caller, body: Any, expected: int) -> None:
    make_job(call.cast.northlight, state=State.DONE)
    make_job(call.cast.northlight, namespace_id="ns_b")
    make_job(call.cast.northlight, title="Special")
    data = listed(call, body, "?include_total=true")
    assert len(data["results"]) == data["pagination"]["total"] == expected


def test_pages(call: Caller) -> None:
    jobs = [make_job(call.cast.northlight) for _ in range(3)]
    page = listed(call, query="?limit=2&include_total=true")
    assert page["pagination"]["total_pages"] == 2
    following = page["pagination"]["next_page"].removeprefix("/v1")
    last = json.loads(call("POST", following).content)
    assert [t["task_id"] for t in last["results"]] == [str(jobs[0].job_id)]
    assert last["pagination"]["next_page"] is None


def test_what_is_not_offered_is_refused(call: Caller, subtests) -> None:
    for body, location in (
        ({"status": "DONE"}, "status"),
        ({"status": ["PENDING"]}, "status"),
        ({"task_type": 7}, "task_type"),
        ({"filters": {"internal_id": "x"}}, "filters.internal_id"),
        ({"filters": {"namespace_id": {"$ne": 1}}}, "filters.namespace_id"),
        ({"sort": {"field": "title"}}, "sort.field"),
        ({"search": "x" * 201}, "search"),
        ({"pipeline": []}, "pipeline"),
    ):
        with subtests.test(body=body):
            assert locations_of(call("POST", "/tasks/list", body)) == [location]
    assert locations_of(call("POST", "/tasks/list?cursor=x")) == ["cursor"]


@pytest.mark.parametrize("direction", [None, "asc", "desc"])
def test_pages_by_cursor_in_either_direction(
    call: Caller, direction: str | None
) -> None:
    made = [str(make_job(call.cast.northlight).job_id) for _ in range(3)]
    body = {"sort": {"field": "created_at", "direction": direction}}
    body = body if direction else {}
    found, query = [], "?limit=2"
    while query:
        page = json.loads(call("POST", f"/tasks/list{query}", body).content)
        found += [task["task_id"] for task in page["results"]]
        cursor = page["pagination"]["next_cursor"]
        query = f"?limit=2&cursor={cursor}" if cursor else ""
        if cursor:
            other = {"sort": {"direction": "desc" if direction == "asc" else "asc"}}
            response = call("POST", f"/tasks/list{query}", other)
            assert locations_of(response) == ["cursor"]
    assert found == (made if direction == "asc" else made[::-1])


@pytest.mark.parametrize("offset", [-1, 2**31 + 1, 2**63, 10**30, True, "1", [1], None])
def test_a_cursor_that_was_never_given(call: Caller, offset: object) -> None:
    made_up = json.dumps(["created_at", "desc", offset]).encode()
    cursor = base64.urlsafe_b64encode(made_up).decode()
    response = call("POST", f"/tasks/list?cursor={cursor}")
    assert locations_of(response) == ["cursor"]
