"""One change for several namespaces by the API: planned, confirmed, continued."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nsadmin.bulk import making, service
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import BulkChange
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.api.conftest import Caller, error_of, locations_of
from tests.cast import make_namespace
from tests.plans.conftest import require_two

ROOT = "/bulk/namespaces"


@pytest.fixture
def two(call: Caller) -> list[Namespace]:
    """Two namespaces of the organization."""
    return [call.cast.own, make_namespace(call.cast.northlight, "press stills")]


def ids(rows: list[Namespace]) -> list[str]:
    return [row.namespace_id for row in rows]


def planned(call: Caller, rows: list[str], **body: Any) -> dict[str, Any]:
    """Plan a change; return the answer."""
    response = call("POST", ROOT, {"namespace_ids": rows, **body})
    assert response.status_code == 201, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def confirmed(call: Caller, made: dict[str, Any], **body: Any) -> Any:
    return call("POST", f"{ROOT}/{made['bulk_id']}/confirm", body)


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {one["namespace_id"]: one["state"] for one in answer["results"]}


def test_a_plan_says_what_would_happen_to_each_and_writes_nothing(call, two):
    foreign = call.cast.foreign.namespace_id
    made = planned(call, [*ids(two), foreign, "gone"], kind="auto_on")
    assert (made["state"], made["kind"], made["left"]) == ("planned", "auto_on", 0)
    assert made["counts"] == {"planned": 2, "blocked": 2}
    assert list(states(made)) == [*ids(two), foreign, "gone"]
    first, _, unseen, _ = made["results"]
    assert first["namespace_name"] == "film archive"
    assert len(first["steps"]) == 1
    assert SavedPlan.objects.get(plan_id=first["plan_id"]).source == "bulk"
    assert (unseen["namespace_name"], unseen["plan_id"]) == (None, None)
    assert unseen["message"] == "There is no such namespace."
    assert made["bulk_url"].endswith(f"/namespaces/bulk/{made['bulk_id']}/")
    assert not store.get(two[0].namespace_id)["auto_create_indexes"]
    read = json.loads(call("GET", f"{ROOT}/{made['bulk_id']}").content)
    assert read == made


def test_a_confirmation_changes_the_named_ones_once(call, two):
    made = planned(call, ids(two), kind="auto_on")
    checked = call("POST", f"{ROOT}/{made['bulk_id']}/confirm?dry_run=true", {})
    assert json.loads(checked.content)["state"] == "planned"
    done = json.loads(confirmed(call, made, namespace_ids=ids(two[:1])).content)
    assert done["state"] == "confirmed"
    assert list(states(done).values()) == ["done", "left_out"]
    assert done["results"][0]["operation_id"].startswith("op_")
    assert store.get(two[0].namespace_id)["auto_create_indexes"]
    assert not store.get(two[1].namespace_id)["auto_create_indexes"]
    again = confirmed(call, made)
    assert (again.status_code, error_of(again)["code"]) == (409, "bulk_confirmed")


def test_the_same_idempotency_key_plans_once(call, two):
    body = {"namespace_ids": ids(two), "kind": "auto_on"}
    key = {"Idempotency-Key": "one"}
    answers = [call("POST", ROOT, body, **key).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert BulkChange.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"kind": "index"}, "index"),
        ({"kind": "template"}, "template_id"),
        ({"kind": "expiry"}, "expiry"),
        ({"kind": "expiry", "expiry": {}}, "expiry.ttl_seconds"),
        ({"kind": "auto_on", "expiry": {"ttl_seconds": 3600}}, "expiry"),
        ({"kind": "delete", "template_id": "t"}, "template_id"),
        (
            {"kind": "index", "index": {"field_name": "a b", "type": "geo"}},
            "index.field_name",
        ),
        ({"kind": "fish"}, "kind"),
    ],
)
def test_each_kind_has_its_own_field(call, two, body, at):
    response = call("POST", ROOT, {"namespace_ids": ids(two), **body})
    assert response.status_code == 422
    assert locations_of(response) == [at]
    assert not BulkChange.objects.exists()


def test_an_index_and_a_template_are_added(call, two):
    entry = {"field_name": "lang", "type": "keyword"}
    made = planned(call, ids(two), kind="index", index=entry)
    ticks = [one["tick"] for one in made["needs_ticks"]]
    done = json.loads(confirmed(call, made, ticks=ticks).content)
    assert done["counts"] == {"done": 2}
    template = NamespaceTemplate.objects.create(
        organization_id=call.cast.northlight.organization_id,
        creator="key:k",
        name="a template",
        configuration=configuration_of(two[0]),
    )
    made = planned(call, ids(two), kind="template", template_id=template.template_id)
    assert set(states(made).values()) <= {"planned", "unchanged"}


def test_an_expiry_needs_its_tick_and_a_deletion_its_count(call, two):
    made = planned(call, ids(two), kind="expiry", expiry={"ttl_seconds": 7200})
    refused = confirmed(call, made)
    assert (refused.status_code, locations_of(refused)) == (422, ["ticks"])
    ticks = [one["tick"] for one in made["needs_ticks"]]
    assert made["needs_ticks"][0]["count"] == 2
    done = json.loads(confirmed(call, made, ticks=ticks).content)
    assert done["counts"] == {"done": 2}
    made = planned(call, ids(two), kind="expiry", expiry={"ttl_seconds": None})
    done = json.loads(confirmed(call, made).content)
    assert done["counts"] == {"done": 2}
    assert not store.get(two[0].namespace_id).get("expires_at")
    made = planned(call, ids(two), kind="delete")
    assert made["needs_ticks"] == []
    for count in ({}, {"count": 1}):
        refused = confirmed(call, made, **count)
        assert (refused.status_code, locations_of(refused)) == (422, ["count"])
    done = json.loads(confirmed(call, made, count=2).content)
    assert done["counts"] == {"done": 2}
    assert store.get(two[0].namespace_id)["deleted_at"]


def test_a_key_is_no_second_person(call, two):
    require_two(call.cast.northlight, "delete")
    made = planned(call, ids(two), kind="delete")
    assert all(one["needs_second_person"] for one in made["results"])
    refused = confirmed(call, made, count=2)
    assert refused.status_code == 409
    assert error_of(refused)["code"] == "second_person_required"
    assert not store.get(two[0].namespace_id).get("deleted_at")


def test_what_is_left_is_continued(call, two):
    actor = call.cast.actor()
    change = making.make(actor, call.cast.northlight, Asked("auto_on"), ids(two))
    at = f"{ROOT}/{change.bulk_id}"
    early = call("POST", f"{at}/continue")
    assert error_of(early)["code"] == "bulk_not_confirmed"
    service.confirm(actor, change, set(ids(two)), set())
    assert json.loads(call("GET", at).content)["left"] == 2
    done = json.loads(call("POST", f"{at}/continue").content)
    assert (done["left"], done["counts"]) == (0, {"done": 2})


def test_an_expired_one_is_refused(call, two):
    made = planned(call, ids(two), kind="auto_on")
    BulkChange.objects.update(expires_at=timezone.now() - timedelta(days=1))
    refused = confirmed(call, made)
    assert error_of(refused)["code"] == "bulk_expired"


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("stranger", 404)])
def test_who_may_not(call, two, role, status):
    made = planned(call, ids(two), kind="auto_on")
    at = f"{ROOT}/{made['bulk_id']}"
    assert call("GET", at, role=role).status_code == status
    assert call("POST", f"{at}/confirm", {}, role=role).status_code == status
    body = {"namespace_ids": ids(two), "kind": "delete"}
    assert call("POST", ROOT, body, role="member").status_code == 403
