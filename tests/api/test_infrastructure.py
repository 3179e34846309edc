"""PATCH of infrastructure: the Enterprise plan, the preflight, a key that is told only."""

import json

import pytest

from nsadmin.access.models import Organization
from nsadmin.api.schemas.changes import DryRun
from nsadmin.api.schemas.namespaces import NamespaceModel
from nsadmin.jobs.models import Job
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from tests.api.conftest import Caller, error_of
from tests.cast import make_namespace
from tests.dedicated import KEY, OwnCluster


def path(call: Caller, query: str = "") -> str:
    return f"/namespaces/{call.cast.own.namespace_id}{query}"


def test_a_dry_run_tells_what_was_looked_at(
    call: Caller, own_cluster: OwnCluster
) -> None:
    body = {"infrastructure": own_cluster.body()}
    answer = call("PATCH", path(call, "?dry_run=true"), body)
    assert answer.status_code == 200
    assert KEY not in answer.content.decode()
    shown = DryRun.model_validate_json(answer.content)
    checks = {check.name: check for check in shown.checks}
    assert checks["key"].state == "unknown"
    assert checks["vectors"].state == "ok"
    assert checks["vectors"].sentence == "3 points are moved by a job"
    assert shown.move is not None
    assert (shown.move.points, shown.move.fallback_days) == (3, 7)
    assert "X-Task-Id" not in answer.headers
    assert not Job.objects.exists()


def test_a_change_of_tier_is_answered_with_its_task(
    call: Caller, own_cluster: OwnCluster
) -> None:
    body = {"infrastructure": own_cluster.body()}
    answer = call("PATCH", path(call, "?pause_writes=true"), body)
    assert answer.status_code == 200, answer.content
    data = json.loads(answer.content)
    task_id = answer.headers["X-Task-Id"]
    assert data["additional_data"] == {
        "task_id": task_id,
        "task_type": "api_namespaces_migrations_run",
    }
    assert data["infrastructure"]["compute_tier"] == "shared"
    assert answer.headers["ETag"] == f'"r{data["revision"]}"'
    NamespaceModel.model_validate_json(answer.content)
    task = json.loads(call("GET", f"/tasks/{task_id}").content)
    assert task["task_type"] == "api_namespaces_migrations_run"
    assert task["additional_data"]["kind"] == "move"
    assert task["inputs"][0]["pause_writes"] is True
    stages = task["additional_data"]["progress"]["stages"]
    assert [stage["key"] for stage in stages] == [
        "prepare",
        "transfer",
        "compare",
        "catch-up",
        "flip",
        "finish",
    ]
    assert KEY not in str(task)
    assert "additional_data" not in json.loads(call("GET", path(call)).content)
    for method, where, sent in (
        ("PATCH", path(call), body),
        ("PATCH", path(call), {"description": "x"}),
        ("DELETE", path(call), None),
        ("POST", path(call, "/clone"), {"namespace_name": "a clone"}),
    ):
        refused = call(method, where, sent)
        assert refused.status_code == 409, refused.content
        error = error_of(refused)
        assert error["code"] == "namespace_busy"
        assert error["details"]["task_id"] == task_id
    assert call("DELETE", f"/tasks/{task_id}").status_code == 200


def test_the_document_describes_the_task_of_a_move(call: Caller) -> None:
    document = json.loads(call("GET", "/openapi.json").content)
    schemas = document["components"]["schemas"]
    assert "additional_data" in schemas["NamespaceModel"]["properties"]
    assert "additional_data" not in schemas["NamespaceModel"]["required"]
    patch = document["paths"]["/v1/namespaces/{identifier}"]["patch"]
    assert "pause_writes" in {p["name"] for p in patch["parameters"]}


def test_an_empty_namespace_moves_with_the_plan_that_was_shown(
    call: Caller, own_cluster: OwnCluster
) -> None:
    bare = make_namespace(call.cast.northlight, "bare", point_count=0)
    body = {"infrastructure": own_cluster.body()}
    address = f"/namespaces/{bare.namespace_id}"
    answer = call("PATCH", f"{address}?dry_run=true", body)
    assert answer.status_code == 200, answer.content
    shown = DryRun.model_validate_json(answer.content)
    assert "blocks" not in {check.state for check in shown.checks}
    plan = json.loads(answer.content)["plan"]
    assert "create_collection" in {step["kind"] for step in plan["steps"]}
    done = call("PATCH", f"{address}?plan_digest={plan['digest']}", body)
    assert done.status_code == 200, done.content
    data = json.loads(done.content)
    assert data["observed_revision"] == data["revision"]
    assert collections.get(own_cluster.cluster, bare.collection) is not None


def test_a_namespace_on_its_own_cluster_is_answered_and_sent_back(
    call: Caller, own_cluster: OwnCluster
) -> None:
    own_cluster.receive(call.cast.own)
    given = own_cluster.body(
        compute_tier="dedicated_gpu",
        gpu_type="A100",
        gpus_per_worker=1,
        max_custom_models=50,
        max_custom_plugins=100,
    )
    answer = call("PATCH", path(call), {"infrastructure": given})
    assert answer.status_code == 200, answer.content
    data = json.loads(answer.content)
    shown = NamespaceModel.model_validate(data, extra="forbid").infrastructure
    assert shown.qdrant_api_key_provided is True
    assert shown.max_custom_models == 50
    assert KEY not in answer.content.decode()
    again = call("PATCH", path(call), {"infrastructure": data["infrastructure"]})
    assert json.loads(again.content)["revision"] == data["revision"]


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_infrastructure_is_not_enabled_on_other_plans(call: Caller, query: str) -> None:
    Organization.objects.filter(pk=call.cast.northlight.pk).update(plan="pro")
    body = {"infrastructure": {"max_concurrent_jobs": 11}}
    answer = call("PATCH", path(call, query), body)
    assert answer.status_code == 403
    assert error_of(answer)["type"] == "NotEnabledError"
    assert store.get(call.cast.own.namespace_id)["revision"] == 1
