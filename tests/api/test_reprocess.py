"""`/v1/namespaces/{id}/reprocess` and `/v1/reprocess`: asked, claimed, ended."""

import json

import pytest

from nsadmin.reprocessing import measuring
from nsadmin.reprocessing.models import ReprocessRequest
from tests.api.conftest import error_of, locations_of
from tests.reprocessing.appended import TEXT_VECTOR, TEXTS, process

TOKEN = "worker-token-" + "x" * 30
STAFF = {"role": "platform_admin"}


@pytest.fixture
def path(appended):
    return f"/namespaces/{appended.namespace_id}/reprocess"


def sent(response, status=200):
    assert response.status_code == status, response.content
    return json.loads(response.content)


def asked(call, path, **body):
    return sent(call("POST", path, {"feature_extractor_id": TEXTS, **body}))


def claimed(call, **body):
    body = {"worker": "gpu-7", "claim_token": TOKEN, **body}
    return sent(call("POST", "/reprocess/claim", body, **STAFF))["request"]


def test_a_request_is_answered_in_the_words_of_tasks(call, path, appended):
    row = asked(call, path)
    assert row["task_type"] == "api_namespaces_migrations_run"
    assert (row["status"], row["state"]) == ("PENDING", "requested")
    assert row["vectors"] == [TEXT_VECTOR]
    assert row["collection_ids"] == ["col_a", "col_b"]
    assert row["progress"] == dict.fromkeys(
        ("processed_documents", "total_documents", "percentage", "measured_at")
    )
    assert asked(call, path)["request_id"] == row["request_id"]
    one = sent(call("GET", f"{path}/{row['request_id']}", role="viewer"))
    assert one == row
    assert sent(call("GET", path))["results"] == [row]
    other = {"feature_extractor_id": TEXTS, "collection_ids": ["col_a"]}
    assert error_of(call("POST", path, other))["code"] == "reprocess_open"


def test_with_a_key_it_is_asked_once(call, path):
    body = {"feature_extractor_id": TEXTS}
    header = {"Idempotency-Key": "a-key"}
    first = call("POST", path, body, **header)
    again = call("POST", path, body, **header)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"


def test_cancelling_is_no_error_twice(call, path):
    row = asked(call, path)
    for _ in range(2):
        ended = sent(call("DELETE", f"{path}/{row['request_id']}"))
        assert (ended["status"], ended["ended_by"]) == ("CANCELED", "person")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "feature_extractor_id"),
        ({"feature_extractor_id": "image_extractor_v1"}, "feature_extractor_id"),
        ({"feature_extractor_id": TEXTS, "collection_ids": []}, "collection_ids"),
        ({"feature_extractor_id": TEXTS, "collection_ids": ["x"]}, "collection_ids"),
        ({"feature_extractor_id": TEXTS, "collection_ids": [1]}, "collection_ids.0"),
        ({"feature_extractor_id": TEXTS, "all": True}, "all"),
    ],
)
def test_what_is_not_acceptable_is_422_at_its_place(call, path, body, at):
    [location] = locations_of(call("POST", path, body))
    assert location.removeprefix("body.") == at


def test_of_another_organization_there_is_nothing(call, path):
    row = asked(call, path)
    one = f"{path}/{row['request_id']}"
    own = f"/namespaces/{call.cast.own.namespace_id}/reprocess/{row['request_id']}"
    body = {"feature_extractor_id": TEXTS}
    for method, where, sent_body, role in (
        ("POST", path, body, "stranger"),
        ("GET", path, None, "stranger"),
        ("GET", one, None, "stranger"),
        ("DELETE", one, None, "stranger"),
        ("GET", own, None, "admin"),
        ("DELETE", own, None, "admin"),
        ("GET", f"{path}/no-id", None, "admin"),
    ):
        answer = call(method, where, sent_body, role=role)
        assert answer.status_code == 404, (method, where, role)


def test_a_worker_claims_renews_and_finishes(call, path, appended):
    row = asked(call, path)
    work = claimed(call)
    assert work["request_id"] == row["request_id"]
    assert set(work) == {
        "request_id",
        "organization_id",
        "namespace_id",
        "feature_extractor_id",
        "vectors",
        "collection_ids",
        "created_at",
        "state",
        "claim_expires_at",
        "progress",
    }
    assert claimed(call) == work
    assert claimed(call, claim_token="y" * 40) is None
    shown = sent(call("GET", f"{path}/{row['request_id']}"))
    assert (shown["status"], shown["claimed_by"]) == ("IN_PROGRESS", "gpu-7")
    assert TOKEN not in json.dumps(shown)
    process(appended, {1: "col_a", 5: "col_b"})
    measuring.measure(row["request_id"])
    at = f"/reprocess/{row['request_id']}"
    renewed = sent(call("POST", f"{at}/progress", {"claim_token": TOKEN}, **STAFF))
    assert renewed["progress"]["processed_documents"] == 2
    assert renewed["progress"]["total_documents"] == 6
    wrong = call("POST", f"{at}/done", {"claim_token": "z" * 40}, **STAFF)
    assert error_of(wrong)["code"] == "reprocess_claim_lost"
    for _ in range(2):
        done = sent(call("POST", f"{at}/done", {"claim_token": TOKEN}, **STAFF))
        assert done["state"] == "done"
    assert sent(call("GET", f"{path}/{row['request_id']}"))["status"] == "COMPLETED"


def test_a_worker_fails_with_a_reason(call, path):
    row = asked(call, path)
    claimed(call, request_id=row["request_id"])
    body = {"claim_token": TOKEN, "error": "The model is gone."}
    sent(call("POST", f"/reprocess/{row['request_id']}/failed", body, **STAFF))
    shown = sent(call("GET", f"{path}/{row['request_id']}"))
    assert (shown["status"], shown["error"]) == ("FAILED", "The model is gone.")


def test_a_cancelled_request_tells_its_worker(call, path):
    row = asked(call, path)
    claimed(call)
    call("DELETE", f"{path}/{row['request_id']}")
    body = {"claim_token": TOKEN}
    told = call("POST", f"/reprocess/{row['request_id']}/progress", body, **STAFF)
    error = error_of(told)
    assert (error["code"], error["details"]["state"]) == (
        "reprocess_claim_lost",
        "cancelled",
    )


@pytest.mark.parametrize("role", ["viewer", "member", "admin", "support"])
def test_only_workers_of_the_platform_claim(call, path, role):
    asked(call, path)
    body = {"worker": "w", "claim_token": TOKEN}
    assert call("POST", "/reprocess/claim", body, role=role).status_code == 403
    assert ReprocessRequest.objects.get().state == "requested"


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"worker": "w", "claim_token": "short"}, "claim_token"),
        ({"worker": "w", "claim_token": TOKEN, "lease_seconds": 29}, "lease_seconds"),
        ({"worker": "w", "claim_token": TOKEN, "lease_seconds": 3601}, "lease_seconds"),
        ({"worker": "<b>", "claim_token": TOKEN}, "worker"),
        ({"worker": "w", "claim_token": TOKEN, "request_id": "no"}, "request_id"),
    ],
)
def test_a_claim_that_is_not_accepted(call, body, at):
    [location] = locations_of(call("POST", "/reprocess/claim", body, **STAFF))
    assert location.removeprefix("body.") == at
