"""Plans by the API: made by `dry_run`, read, confirmed with their warnings."""

import json

import pytest

from nsadmin.jobs.models import Job
from nsadmin.stores.mongo import namespaces as store
from tests.api.conftest import Caller, error_of
from tests.cast import make_namespace
from tests.clones.sources import make_source


@pytest.fixture
def own(call: Caller) -> str:
    return f"/namespaces/{call.cast.own.namespace_id}"


def planned(call: Caller, own: str, **body: object) -> dict:
    """Make a plan; return the answer."""
    response = call("PATCH", f"{own}?dry_run=true", body or {"description": "x"})
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def test_a_dry_run_has_an_id_and_a_page(call, own):
    made = planned(call, own)
    assert made["plan_url"].endswith(f"{own}/plans/{made['plan_id']}/")
    read = json.loads(call("GET", f"{own}/plans/{made['plan_id']}").content)
    assert (read["state"], read["holds"]) == ("open", True)
    assert read["digest"] == made["plan"]["digest"]
    assert read["steps"] == made["plan"]["steps"]
    assert read["made_by"]["kind"] == "key"
    assert read["confirmed_by"] is None


def test_a_new_namespace_is_planned_read_and_created_once(call):
    body = {"namespace_name": "a new one", "description": "Planned."}
    made = json.loads(call("POST", "/namespaces?dry_run=true", body).content)
    at = f"/plans/{made['plan_id']}"
    assert made["plan_url"].endswith(f"/namespaces{at}/")
    read = json.loads(call("GET", at).content)
    assert (read["state"], read["holds"]) == ("open", True)
    assert read["steps"] == made["plan"]["steps"]
    assert call("GET", at, role="stranger").status_code == 404
    assert call("POST", f"{at}/confirm", role="member").status_code == 403
    done = json.loads(call("POST", f"{at}/confirm").content)
    assert (done["namespace_name"], done["description"]) == ("a new one", "Planned.")
    assert done["namespace_id"] == read["namespace_id"]
    again = call("POST", f"{at}/confirm")
    assert error_of(again)["code"] == "plan_confirmed"
    own = f"/namespaces/{done['namespace_id']}{at}"
    assert json.loads(call("GET", own).content)["state"] == "confirmed"


def test_a_clone_is_planned_with_its_losses_and_begun_once(call):
    source = make_source(call.cast.northlight, "losing")
    own = f"/namespaces/{source.namespace_id}"
    body = {"namespace_name": "a copy"}
    made = json.loads(call("POST", f"{own}/clone?dry_run=true", body).content)
    assert not Job.objects.exists()
    at = f"{own}/plans/{made['plan_id']}"
    read = json.loads(call("GET", at).content)
    assert read["holds"] is True
    needed = [w for w in read["warnings"] if w["needs_tick"]]
    assert "loses its alerts" in str(needed)
    refused = call("POST", f"{at}/confirm", {}, role="member")
    assert error_of(refused)["code"] == "ticks_missing"
    ticks = {"ticks": [warning["tick"] for warning in needed]}
    done = call("POST", f"{at}/confirm", ticks, role="member")
    assert done.status_code == 200
    clone = json.loads(done.content)
    assert clone["namespace"]["namespace_name"] == "a copy"
    assert clone["task_id"] == str(Job.objects.get().job_id)
    assert call("POST", f"{at}/confirm", ticks).status_code == 409
    assert Job.objects.count() == 1


def test_a_clone_of_a_system_namespace_is_its_organizations_own(call):
    own = f"/namespaces/{call.cast.system.namespace_id}"
    body = {"namespace_name": "ours"}
    made = json.loads(call("POST", f"{own}/clone?dry_run=true", body).content)
    at = f"{own}/plans/{made['plan_id']}"
    assert call("GET", at, role="viewer").status_code == 200
    assert call("GET", at, role="stranger").status_code == 404
    assert call("POST", f"{at}/confirm", role="stranger").status_code == 404
    read = json.loads(call("GET", at).content)
    ticks = [w["tick"] for w in read["warnings"] if w["needs_tick"]]
    assert call("POST", f"{at}/confirm", {"ticks": ticks}).status_code == 200


def test_it_is_confirmed_once(call, own):
    made = planned(call, own)
    at = f"{own}/plans/{made['plan_id']}"
    done = call("POST", f"{at}/confirm", role="member")
    assert done.status_code == 200
    assert json.loads(done.content)["description"] == "x"
    read = json.loads(call("GET", at).content)
    assert (read["state"], read["holds"]) == ("confirmed", None)
    assert read["operation_id"].startswith("op_")
    again = call("POST", f"{at}/confirm")
    assert again.status_code == 409
    assert error_of(again)["code"] == "plan_confirmed"


def test_warnings_are_accepted_by_their_ticks(call):
    namespace = make_namespace(
        call.cast.northlight, "indexed", indexes={"rank": {"type": "float"}}
    )
    own = f"/namespaces/{namespace.namespace_id}"
    made = planned(call, own, payload_indexes=[])
    at = f"{own}/plans/{made['plan_id']}"
    refused = call("POST", f"{at}/confirm", {})
    assert refused.status_code == 422
    assert error_of(refused)["code"] == "ticks_missing"
    read = json.loads(call("GET", at).content)
    ticks = [w["tick"] for w in read["warnings"] if w["needs_tick"]]
    assert call("POST", f"{at}/confirm", {"ticks": ticks}).status_code == 200
    assert store.get(namespace.namespace_id)["payload_indexes"] == []


def test_one_that_moved_answers_the_new_plan(call, own):
    made = planned(call, own, description="x", auto_create_indexes=True)
    call("PATCH", own, {"description": "x"})
    at = f"{own}/plans/{made['plan_id']}"
    assert json.loads(call("GET", at).content)["holds"] is False
    refused = call("POST", f"{at}/confirm")
    assert refused.status_code == 409
    error = error_of(refused)
    assert error["code"] == "plan_moved"
    digest = error["details"]["plan"]["digest"]
    assert call("POST", f"{at}/confirm?plan_digest={digest}").status_code == 200


def test_a_value_that_another_changed_too_is_refused_with_its_field(call, own):
    made = planned(call, own)
    call("PATCH", own, {"description": "theirs"})
    refused = call("POST", f"{own}/plans/{made['plan_id']}/confirm")
    assert refused.status_code == 409
    error = error_of(refused)
    assert error["code"] == "edit_conflict"
    assert error["details"]["field"] == "description"
    assert store.get(call.cast.own.namespace_id)["description"] == "theirs"


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("stranger", 404)])
def test_who_may_not(call, own, role, status):
    made = planned(call, own)
    at = f"{own}/plans/{made['plan_id']}"
    assert call("POST", f"{at}/confirm", role=role).status_code == status
    assert store.get(call.cast.own.namespace_id)["revision"] == 1


def test_an_unknown_plan_is_404(call, own):
    for method, path in (("GET", ""), ("POST", "/confirm")):
        response = call(method, f"{own}/plans/plan_0000000000000000{path}")
        assert response.status_code == 404
        assert error_of(response)["details"]["resource"] == "plan"
