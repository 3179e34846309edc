"""Keys for chosen namespaces: everything else of their organization is not there.

REACH says of every operation what such a key may do; a new operation fails the test
until it has a line.
"""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from nsadmin.access.keys.keys import actor_of_key, create_key
from nsadmin.access.permissions import SCOPES_OF_ONE_NAMESPACE, Role
from nsadmin.jobs.models import Job
from nsadmin.namespaces.change import blockers
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from tests.api.endpoints import ENDPOINTS, PLAN_ID, Endpoint
from tests.cast import Cast, make_job, make_namespace

WORD = "quillfeather"
REFUSED, ONE, LIST, FREE, TASK = "refused", "one", "list", "free", "task"
N = "/namespaces/{identifier}"
REACH = {
    "POST /namespaces/list": LIST,
    "GET /namespaces": LIST,
    "POST /namespaces": REFUSED,
    f"GET {N}": ONE,
    f"PATCH {N}": ONE,
    f"PUT {N}": ONE,
    f"DELETE {N}": ONE,
    f"GET {N}/config": ONE,
    f"POST {N}/config": ONE,
    f"POST {N}/ensure-indexes": ONE,
    f"GET {N}/plans/{{plan_id}}": ONE,
    f"POST {N}/plans/{{plan_id}}/confirm": ONE,
    "GET /plans/{plan_id}": REFUSED,
    "POST /plans/{plan_id}/confirm": REFUSED,
    f"POST {N}/clone": REFUSED,
    "POST /bulk/namespaces": REFUSED,
    "GET /bulk/namespaces/{bulk_id}": REFUSED,
    "POST /bulk/namespaces/{bulk_id}/confirm": REFUSED,
    "POST /bulk/namespaces/{bulk_id}/continue": REFUSED,
    "GET /views/namespaces": REFUSED,
    "POST /views/namespaces": REFUSED,
    "GET /views/namespaces/{view_id}": REFUSED,
    "PATCH /views/namespaces/{view_id}": REFUSED,
    "DELETE /views/namespaces/{view_id}": REFUSED,
    "POST /tasks/list": LIST,
    "GET /tasks/{task_id}": TASK,
    "DELETE /tasks/{task_id}": TASK,
    "GET /audit/stream": REFUSED,
    "GET /collections/features/extractors": FREE,
    "GET /collections/features/extractors/{feature_extractor_id}": FREE,
    f"GET {N}/extractors": ONE,
    f"GET {N}/extractors/{{feature_extractor_id}}": ONE,
    f"GET {N}/stats": ONE,
    f"POST {N}/documents/list": ONE,
    f"GET {N}/documents/{{document_id}}": ONE,
    "POST /namespaces/stats/batch": LIST,
    f"POST {N}/extend": ONE,
    f"POST {N}/reprocess": ONE,
    f"GET {N}/reprocess": ONE,
    f"GET {N}/reprocess/{{request_id}}": ONE,
    f"DELETE {N}/reprocess/{{request_id}}": ONE,
    "POST /reprocess/claim": REFUSED,
    "POST /reprocess/{request_id}/progress": REFUSED,
    "POST /reprocess/{request_id}/done": REFUSED,
    "POST /reprocess/{request_id}/failed": REFUSED,
    "GET /templates/namespaces": REFUSED,
    "GET /templates/namespaces/{template_id}": REFUSED,
    "POST /templates/namespaces/from-namespace/{identifier}": REFUSED,
    "POST /templates/namespaces/{template_id}/instantiate": REFUSED,
    f"POST {N}/filter-usage": ONE,
    "GET /analytics/indexes/suggestions": ONE,
    "GET /analytics/indexes/usage": ONE,
}
OF_ONE = [each for each in ENDPOINTS if REACH.get(str(each)) == ONE]


@pytest.fixture
def other(cast: Cast) -> Namespace:
    """A second namespace of Northlight, whose every text has the word."""
    return make_namespace(
        cast.northlight, f"{WORD} archive", description=f"All about {WORD}"
    )


def key_for(cast: Cast, *namespace_ids: str, role: Role = Role.ADMIN) -> str:
    _, plaintext = create_key(
        cast.northlight,
        name="narrow",
        role=role,
        scopes=SCOPES_OF_ONE_NAMESPACE,
        creator=cast.users["admin"],
        namespace_ids=namespace_ids,
    )
    return plaintext


def call(key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return Client(raise_request_exception=False).generic(
        method,
        f"/v1{path}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"authorization": f"Bearer {key}", **headers},
    )


def send(key: str, endpoint: Endpoint, namespace_id: str) -> Any:
    return call(key, endpoint.method, endpoint.at(namespace_id), endpoint.body)


def test_every_operation_says_what_such_a_key_may_do() -> None:
    assert {str(each) for each in ENDPOINTS} == REACH.keys()
    assert len(OF_ONE) > 15


def test_what_concerns_others_is_refused(cast: Cast) -> None:
    key = key_for(cast, cast.own.namespace_id)
    refused = [each for each in ENDPOINTS if REACH[str(each)] == REFUSED]
    assert len(refused) > 15
    for endpoint in refused:
        answer = send(key, endpoint, cast.own.namespace_id)
        assert answer.status_code == 403, endpoint
        code = answer.json()["error"]["code"]
        assert code == "key_of_chosen_namespaces" or "reprocess" in endpoint.path


def test_another_namespace_is_answered_like_none(cast: Cast, other: Namespace) -> None:
    key = key_for(cast, cast.own.namespace_id)
    ids = {
        "other": other.namespace_id,
        "named": f"{WORD} archive",
        "foreign": cast.foreign.namespace_id,
        "system": cast.system.namespace_id,
    }
    before = [read(other), read(cast.foreign), read(cast.system)]
    for endpoint in OF_ONE:
        unknown = send(key, endpoint, "ns_unknown").json()
        for identifier in ids.values():
            answer = send(key, endpoint, identifier.replace(" ", "%20"))
            assert answer.status_code == 404, (endpoint, identifier)
            assert error_of(answer.json(), identifier) == error_of(
                unknown, "ns_unknown"
            )
    assert [read(other), read(cast.foreign), read(cast.system)] == before


def read(namespace: Namespace) -> Any:

    return store.get(namespace.namespace_id)


def error_of(answer: Any, identifier: str) -> Any:
    error = answer["error"]
    error["details"].pop("request_id", None)
    return json.loads(json.dumps(error).replace(identifier, "…"))


def test_its_own_namespace_is_whole(cast: Cast, other: Namespace) -> None:
    key = key_for(cast, cast.own.namespace_id)
    for endpoint in OF_ONE:
        answer = send(key, endpoint, cast.own.namespace_id)
        assert answer.status_code != 403, endpoint
        if answer.status_code == 404:
            assert answer.json()["error"]["details"]["resource"] != "namespace"
        assert WORD not in answer.content.decode(), endpoint


def test_lists_have_nothing_else(cast: Cast, other: Namespace) -> None:
    key = key_for(cast, cast.own.namespace_id)
    mine, hidden = cast.own.namespace_id, other.namespace_id
    make_job(cast.northlight, namespace_id=hidden, title=f"Delete {WORD}")
    make_job(
        cast.northlight,
        namespace_id=hidden,
        source_namespace_id=mine,
        title=f"Clone it into {WORD}",
    )
    make_job(
        cast.northlight,
        namespace_id=mine,
        source_namespace_id=hidden,
        title=f"Clone {WORD} into it",
    )
    make_job(cast.northlight, title=f"Compare {WORD}")
    shown = make_job(cast.northlight, namespace_id=mine, title="Delete it")
    for body in ({}, {"search": WORD}, {"filters": {"namespace_id": hidden}}):
        for path in ("/namespaces/list", "/namespaces/list?include_total=true"):
            assert WORD not in call(key, "POST", path, body).content.decode()
    listed = call(key, "GET", "/namespaces?include_total=true&view=summary").json()
    assert [row["namespace_id"] for row in listed["results"]] == [mine]
    assert listed["total_count"] == 1
    system = {"filters": {"namespace_id": cast.system.namespace_id}}
    assert call(key, "POST", "/namespaces/list", system).json()["results"] == []
    for body in ({}, {"search": WORD}, {"filters": {"namespace_id": hidden}}):
        tasks = call(key, "POST", "/tasks/list?include_total=true", body)
        assert WORD not in tasks.content.decode()
    found = call(key, "POST", "/tasks/list", {}).json()["results"]
    assert [row["task_id"] for row in found] == [str(shown.job_id)]
    asked = {"namespace_ids": [mine, hidden, cast.system.namespace_id]}
    stats = call(key, "POST", "/namespaces/stats/batch", asked).json()["stats"]
    assert stats.keys() == {mine}


def test_a_job_that_names_another_namespace_is_not_there(
    cast: Cast, other: Namespace
) -> None:
    mine, hidden = cast.own.namespace_id, other.namespace_id
    key = key_for(cast, mine)
    for ids in ((hidden, ""), (hidden, mine), (mine, hidden), ("", "")):
        job = make_job(cast.northlight, namespace_id=ids[0], source_namespace_id=ids[1])
        path = f"/tasks/{job.job_id}"
        unknown = call(key, "GET", f"/tasks/{uuid.uuid4()}")
        assert call(key, "GET", path).status_code == unknown.status_code == 404
        call(key, "DELETE", path)
        job.refresh_from_db()
        assert not job.cancel_requested
        assert job.is_live
    own = make_job(cast.northlight, namespace_id=mine)
    assert call(key, "GET", f"/tasks/{own.job_id}").status_code == 200
    both = key_for(cast, mine, hidden)
    clone = Job.objects.filter(namespace_id=hidden, source_namespace_id=mine)[0]
    assert call(both, "GET", f"/tasks/{clone.job_id}").status_code == 200


def test_an_error_names_no_job_on_another_namespace(
    cast: Cast, other: Namespace
) -> None:
    key = key_for(cast, cast.own.namespace_id)
    make_job(
        cast.northlight,
        namespace_id=other.namespace_id,
        source_namespace_id=cast.own.namespace_id,
        title=f"Clone into {WORD}",
    )
    answer = call(key, "DELETE", f"/namespaces/{cast.own.namespace_id}")
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == blockers.COPYING
    assert WORD not in answer.content.decode()


def test_a_plan_of_another_namespace_is_not_there(cast: Cast, other: Namespace) -> None:
    mine, hidden = cast.own.namespace_id, other.namespace_id
    admin, key = cast.keys["admin"], key_for(cast, mine)
    body = {"description": WORD}
    for own_id in (hidden, mine):
        path = f"/namespaces/{own_id}?dry_run=true"
        assert call(admin, "PATCH", path, body).status_code == 200
    plans = {row.namespace_id: row.plan_id for row in SavedPlan.objects.all()}
    assert plans.keys() == {mine, hidden}
    for at in (hidden, mine):
        for end, method in (("", "GET"), ("/confirm", "POST")):
            path = f"/namespaces/{at}/plans/{plans[hidden]}{end}"
            sent: dict[str, Any] | None = {} if method == "POST" else None
            assert call(key, method, path, sent).status_code == 404
    path = f"/namespaces/{mine}/plans/{plans[mine]}"
    assert call(key, "GET", path).status_code == 200
    assert PLAN_ID not in plans.values()


def test_names_lead_to_its_namespaces_alone(cast: Cast, other: Namespace) -> None:
    key = key_for(cast, cast.own.namespace_id)
    assert call(key, "GET", "/namespaces/film%20archive").status_code == 200
    path = f"/namespaces/{WORD}%20archive"
    assert call(key, "GET", path).status_code == 404
    at = f"{path}?organization_id={cast.northlight.organization_id}"
    assert call(key, "GET", at).status_code == 404
    for what in ("usage", "suggestions"):
        path = f"/analytics/indexes/{what}"
        for name in (other.namespace_id, other.name):
            answer = call(key, "GET", path, **{"x-namespace": name})
            assert answer.status_code == 404


def test_a_key_for_a_foreign_namespace_reaches_none(cast: Cast) -> None:
    key = key_for(cast, cast.foreign.namespace_id)
    path = f"/namespaces/{cast.foreign.namespace_id}"
    assert call(key, "GET", path).status_code == 404
    assert call(key, "DELETE", path).status_code == 404
    assert call(key, "GET", "/namespaces").json()["results"] == []


def test_a_key_for_no_namespace_reaches_none(cast: Cast) -> None:
    key = key_for(cast)
    assert actor_of_key(key).namespace_ids == frozenset()
    assert call(key, "GET", "/namespaces").json()["results"] == []
    path = f"/namespaces/{cast.own.namespace_id}"
    assert call(key, "GET", path).status_code == 404


def test_the_list_works_in_pages_and_orders(cast: Cast) -> None:
    made = [make_namespace(cast.northlight, f"part {n}") for n in range(3)]
    ids = [each.namespace_id for each in made]
    key = key_for(cast, *ids)
    seen, cursor = [], ""
    for _ in range(4):
        path = f"/namespaces?limit=1&view=summary{cursor}"
        page = call(key, "GET", path).json()
        seen += [row["namespace_id"] for row in page["results"]]
        if not page["pagination"].get("next_cursor"):
            break
        cursor = f"&cursor={page['pagination']['next_cursor']}"
    assert sorted(seen) == sorted(ids)


def test_a_deleted_namespace_of_another_is_not_purged(
    cast: Cast, other: Namespace
) -> None:
    path = f"/namespaces/{other.namespace_id}"
    assert call(cast.keys["admin"], "DELETE", path).status_code == 200
    key = key_for(cast, cast.own.namespace_id)
    answer = call(key, "DELETE", f"{path}?permanent=true")
    assert answer.status_code == 404


def test_authentication_takes_no_further_statement(
    cast: Cast, django_assert_num_queries
) -> None:
    key = key_for(cast, cast.own.namespace_id)
    actor_of_key(key)
    with django_assert_num_queries(1):
        actor = actor_of_key(key)
    assert actor.namespace_ids == {cast.own.namespace_id}
