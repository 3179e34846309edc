"""`POST /v1/namespaces/{identifier}/clone`."""

import json
from typing import Any
from uuid import UUID

import pytest

from nsadmin.clones.rewrite.id_map import new_id
from nsadmin.jobs.models import Job
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo import resources
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace

NO_RESOURCES = dict.fromkeys(
    ("collections", "retrievers", "taxonomies", "buckets", "objects", "points"), 0
)


def cloned(call: Caller, body: Any, source: str = "", **kwargs: Any) -> Any:
    source = source or call.cast.own.namespace_id
    response = call("POST", f"/namespaces/{source}/clone", body, **kwargs)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_on_the_tier_of_its_source_it_has_its_settings(call: Caller) -> None:
    """But for what is bound to one namespace: the name of its collection."""
    asked = {"max_concurrent_jobs": 77, "autoscaling_enabled": False}
    own = call(
        "POST", "/namespaces", {"namespace_name": "own", "infrastructure": asked}
    )
    assert own.status_code == 200, own.content
    source = json.loads(own.content)
    clone = cloned(call, {"namespace_name": "copy"}, source["namespace_id"])
    found = clone["namespace"]["infrastructure"]
    assert found["qdrant_collection"] == clone["namespace"]["namespace_id"]
    assert found | {"qdrant_collection": ""} == (
        source["infrastructure"] | {"qdrant_collection": ""}
    )


def test_it_answers_with_the_clone_and_its_task(call: Caller) -> None:
    own = call.cast.own
    data = cloned(call, {"namespace_name": "staging"})
    assert set(data) == {
        "namespace",
        "source_namespace_id",
        "status",
        "task_id",
        "cloned_resources",
        "primary_retriever_id",
    }
    assert (data["status"], data["source_namespace_id"]) == (
        "cloning",
        own.namespace_id,
    )
    assert data["cloned_resources"] == NO_RESOURCES
    clone = data["namespace"]
    assert clone["namespace_name"] == "staging"
    assert clone["namespace_id"] not in ("", own.namespace_id)
    assert clone["clone_status"] == "cloning"
    assert clone["source_namespace_id"] == own.namespace_id
    assert (clone["scope"], clone["namespace_type"]) == ("org", "standard")
    assert clone["expires_at"] is None


def test_the_body_of_the_specification_is_accepted(call: Caller) -> None:
    body = {
        "namespace_name": "<string>",
        "include_resources": {
            "collections": True,
            "retrievers": True,
            "taxonomies": False,
        },
        "description": "Staging clone from production",
        "source_organization_id": call.cast.northlight.organization_id,
    }
    data = cloned(call, body)
    assert data["namespace"]["namespace_name"] == "<string>"
    assert data["namespace"]["description"] == "Staging clone from production"


def test_the_task_can_be_asked_for_at_once(call: Caller) -> None:
    data = cloned(call, {"namespace_name": "staging"})
    task = json.loads(call("GET", f"/tasks/{data['task_id']}").content)
    assert task["task_id"] == data["task_id"]
    assert task["task_type"] == "api_namespaces_create"
    assert task["status"] == "PENDING"
    assert (
        task["additional_data"]["namespace_id"] == (data["namespace"]["namespace_id"])
    )


def test_the_clone_can_be_read_at_once_and_is_busy(call: Caller) -> None:
    clone_id = cloned(call, {"namespace_name": "staging"})["namespace"]["namespace_id"]
    found = json.loads(call("GET", f"/namespaces/{clone_id}").content)
    assert found["clone_status"] == "cloning"
    for method, path, body in (
        ("PATCH", f"/namespaces/{clone_id}", {"description": "x"}),
        ("POST", f"/namespaces/{clone_id}/clone", {"namespace_name": "of a clone"}),
    ):
        assert call(method, path, body).status_code == 409


@pytest.mark.parametrize("name", ["a", "ab", " x ", "x" * 64])
def test_a_clone_may_have_a_short_name(call: Caller, name: str) -> None:
    data = cloned(call, {"namespace_name": name})
    assert data["namespace"]["namespace_name"] == name.strip()


def test_null_is_the_same_as_absent(call: Caller) -> None:
    body = {
        "namespace_name": "staging",
        "include_resources": None,
        "description": None,
        "source_organization_id": None,
    }
    assert cloned(call, body)["namespace"]["description"] is None


NOT_ACCEPTABLE: list[tuple[dict[str, Any], str]] = [
    ({}, "namespace_name"),
    ({"namespace_name": None}, "namespace_name"),
    ({"namespace_name": ""}, "namespace_name"),
    ({"namespace_name": "   "}, "namespace_name"),
    ({"namespace_name": "x" * 65}, "namespace_name"),
    ({"namespace_name": "a/b"}, "namespace_name"),
    ({"namespace_name": "."}, "namespace_name"),
    ({"namespace_name": "list"}, "namespace_name"),
    ({"namespace_name": "ns_x"}, "namespace_name"),
    ({"namespace_name": 7}, "namespace_name"),
    ({"namespace_name": "x", "include_resources": []}, "include_resources"),
    (
        {"namespace_name": "x", "include_resources": {"collections": "yes"}},
        "include_resources.collections",
    ),
    (
        {"namespace_name": "x", "include_resources": {"clusters": True}},
        "include_resources.clusters",
    ),
    ({"namespace_name": "x", "description": "y" * 2001}, "description"),
    ({"namespace_name": "x", "source_organization_id": 7}, "source_organization_id"),
    ({"namespace_name": "x", "source_organization_id": ""}, "source_organization_id"),
    ({"namespace_name": "x", "mode": "copy"}, "mode"),
    ({"namespace_name": "x", "namespace_id": "ns_mine"}, "namespace_id"),
]


def test_what_is_not_acceptable_is_422_at_its_place(call: Caller, subtests) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/clone"
    for body, location in NOT_ACCEPTABLE:
        with subtests.test(body=body):
            assert locations_of(call("POST", path, body)) == [location]
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["film archive", "FILM ARCHIVE", " Film archive "])
def test_a_name_that_is_taken_is_409_and_leaves_nothing(
    call: Caller, name: str
) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/clone"
    response = call("POST", path, {"namespace_name": name})
    assert response.status_code == 409
    assert error_of(response)["code"] == "namespace_name_taken"
    assert not Job.objects.filter(state="queued").exists()
    assert len(store.find_all_by_name("film archive")) == 1


def test_a_full_plan_is_403_with_the_figures(call: Caller) -> None:
    call.cast.halden.plan = "free"
    call.cast.halden.save()
    path = f"/namespaces/{call.cast.foreign.namespace_id}/clone"
    response = call("POST", path, {"namespace_name": "second"}, role="stranger")
    assert response.status_code == 403
    error = error_of(response)
    assert error["type"] == "QuotaExceededError"
    assert error["details"]["limit"] == 1


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_who_only_reads_may_not_clone(call: Caller, role: str) -> None:
    path = f"/namespaces/{call.cast.own.namespace_id}/clone"
    response = call("POST", path, {"namespace_name": "staging"}, role=role)
    assert response.status_code == 403
    assert error_of(response)["details"]["action"] == "namespace:clone"


def test_a_member_clones_and_anybody_clones_the_systems(call: Caller) -> None:
    cloned(call, {"namespace_name": "one"}, role="member")
    data = cloned(call, {"namespace_name": "two"}, call.cast.system.namespace_id)
    assert data["namespace"]["scope"] == "org"


def test_a_foreign_one_is_answered_like_one_that_does_not_exist(call: Caller) -> None:
    def answer(identifier: str) -> str:
        response = call(
            "POST",
            f"/namespaces/{identifier}/clone",
            {"namespace_name": "staging"},
            x_request_id="the-same-request",
        )
        assert response.status_code == 404, response.content
        return response.content.decode().replace(identifier, "…")

    foreign = call.cast.foreign.namespace_id
    assert answer(foreign) == answer(foreign[:-4] + "zzzz")
    assert not Job.objects.exists()


def test_across_organizations_is_for_platform_admins(call: Caller) -> None:
    call.cast.open_sessions()
    halden = call.cast.halden
    body = {
        "namespace_name": "theirs",
        "source_organization_id": halden.organization_id,
    }
    path = f"/namespaces/{call.cast.foreign.namespace_id}/clone"
    for role in ("admin", "member", "support"):
        assert call("POST", path, body, role=role).status_code == 403
    data = cloned(call, body, call.cast.foreign.namespace_id, role="platform_admin")
    raw = store.get(data["namespace"]["namespace_id"])
    assert raw["internal_id"] == call.cast.operator.internal_id


def test_the_source_is_found_by_name(call: Caller) -> None:
    made = make_namespace(call.cast.northlight, "rushes 1", in_qdrant=False)
    data = cloned(call, {"namespace_name": "copy"}, "rushes%201")
    assert data["source_namespace_id"] == made.namespace_id


def test_the_only_retriever_is_named_before_it_is_copied(call: Caller) -> None:
    def begun(name: str, **include: bool) -> Any:
        return cloned(call, {"namespace_name": name, "include_resources": include})

    assert begun("without any")["primary_retriever_id"] is None
    first = retriever(call.cast.own, "ret_first")
    clone = begun("with one")
    expected = new_id(UUID(clone["task_id"]), "retrievers", first)
    assert clone["primary_retriever_id"] == expected
    assert begun("left out", retrievers=False)["primary_retriever_id"] is None
    retriever(call.cast.own, "ret_second")
    assert begun("of several")["primary_retriever_id"] is None


def retriever(namespace: Namespace, retriever_id: str) -> str:
    resources.put(
        "retrievers",
        [
            {
                "_id": retriever_id,
                "retriever_id": retriever_id,
                "namespace_id": namespace.namespace_id,
                "internal_id": namespace.internal_id,
                "retriever_name": retriever_id,
            }
        ],
    )
    return retriever_id


def test_beyond_the_ceiling_of_waiting_jobs_it_says_when_to_try_again(
    call: Caller, settings: Any
) -> None:
    settings.NSADMIN_MAX_QUEUED_JOBS = {"free": 0, "pro": 0, "enterprise": 0}
    own = call.cast.own.namespace_id
    response = call("POST", f"/namespaces/{own}/clone", {"namespace_name": "copy"})
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    error = error_of(response)
    assert error["code"] == "job_queue_full"
    assert "queue" in error["message"]
    assert not Job.objects.exists()
