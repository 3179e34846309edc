"""Every limit that the OpenAPI document tells: kept at it, refused beyond it.

The cases come from the document. Those of one operation or property run alone by their
name: `-k "PATCH and namespace_name and maxLength"`. `make faults` runs all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.db import transaction

from nsadmin.api.models import KeptAnswer
from nsadmin.audit.models import AuditEvent
from nsadmin.bulk.models import BulkChange
from nsadmin.jobs.models import Job
from nsadmin.namespaces.models import SavedView
from nsadmin.namespaces.schema.document import read
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.templates.configuration import configuration_of
from nsadmin.templates.models import NamespaceTemplate
from tests.api.conftest import Caller, error_of, locations_of
from tests.api.endpoints import BULK_ID, NEW_PLAN_ID, PLAN_ID, VIEW_ID
from tests.cast import assemble
from tests.conftest import emptied
from tests.contract.api.bounds import Case, accepted, is_bounded, refused, spots
from tests.contract.api.valid import (
    ANSWERED_WITH,
    ASKED_BY,
    NOT_OFFERED,
    UNLIMITED,
    beside,
    put,
)
from tests.reprocessing.appended import claimed_request

# Each case's rows are undone; the cast stands around them all.
pytestmark = pytest.mark.django_db
_TABLES = (AuditEvent, BulkChange, Job, KeptAnswer, NamespaceTemplate, SavedPlan)


@dataclass(frozen=True)
class Written:
    """Everything that a request could have written."""

    documents: list[Any]
    rows: list[int]

    @classmethod
    def now(cls) -> "Written":
        """Look at the stores."""
        return cls(
            list(collection(store.NAME).find()),
            [table.objects.count() for table in _TABLES],
        )


@pytest.fixture(scope="module")
def caller(
    _wired: object, django_db_setup: None, django_db_blocker: Any
) -> Iterator[tuple[Caller, Written]]:
    """One cast for all cases, and what is there before each of them."""
    with django_db_blocker.unblock(), emptied(), transaction.atomic():
        made = Caller(assemble())
        made.cast.open_sessions("platform_admin")
        NamespaceTemplate.objects.create(
            template_id="tmpl_000000000000",
            organization_id=made.cast.northlight.organization_id,
            creator="key:k",
            name="a template",
            configuration=configuration_of(made.cast.own),
        )
        claimed_request(made.cast.own)
        keep_plan(made)
        keep_new_plan(made)
        keep_bulk_change(made)
        keep_view(made)
        there = collections.names(shared())
        yield made, Written.now()
        assert collections.names(shared()) == there
        transaction.set_rollback(True)


def keep_plan(call: Caller) -> None:
    """Keep a plan of the namespace under the id that the requests name."""
    path = f"/namespaces/{call.cast.own.namespace_id}"
    response = call("PATCH", f"{path}?dry_run=true", {"description": "As planned."})
    assert response.status_code == 200, response.content
    assert SavedPlan.objects.update(plan_id=PLAN_ID) == 1


def keep_new_plan(call: Caller) -> None:
    """Keep a plan of a new namespace under the id that the requests name."""
    path = "/namespaces?dry_run=true"
    response = call("POST", path, {"namespace_name": "planned"})
    assert response.status_code == 200, response.content
    new = SavedPlan.objects.exclude(plan_id=PLAN_ID)
    assert new.update(plan_id=NEW_PLAN_ID) == 1


def keep_bulk_change(call: Caller) -> None:
    """Plan a change of the namespace under the id that the requests name."""
    body = {"namespace_ids": [call.cast.own.namespace_id], "kind": "auto_on"}
    response = call("POST", "/bulk/namespaces", body)
    assert response.status_code == 201, response.content
    made = BulkChange.objects.get()
    items = list(made.items.all())
    made.delete()
    made.bulk_id = BULK_ID
    made.save(force_insert=True)
    for item in items:
        item.change = made
        item.save(force_insert=True)


def keep_view(call: Caller) -> None:
    """Keep a view of the key's person under the id that the requests name."""
    response = call("POST", "/views/namespaces", {"name": "kept"})
    assert response.status_code == 201, response.content
    assert SavedView.objects.update(view_id=VIEW_ID) == 1


def take_back(before: Written) -> None:
    """Undo what a case has written outside of the database."""
    documents = Written.now().documents
    if documents == before.documents:
        return
    collection(store.NAME).delete_many({})
    collection(store.NAME).insert_many(before.documents)
    kept = {raw["_id"] for raw in before.documents}
    for raw in documents:
        if raw["_id"] not in kept:
            collections.drop(shared(), read(raw).collection)


def some(cases: Sequence[Case]) -> list[Any]:
    """One case in five; the others are for `make faults`."""
    return [
        pytest.param(case, id=str(case), marks=pytest.mark.faults if number % 5 else ())
        for number, case in enumerate(cases)
    ]


def sent(call: Caller, case: Case) -> Any:
    """Send a request that is valid but for the case's value."""
    spot, endpoint = case.spot, case.spot.endpoint
    path, _, query = endpoint.at(call.cast.own.namespace_id).partition("?")
    asked = dict(parse_qsl(query))
    if any(s.endpoint == endpoint and s.name == "?dry_run" for s in spots()):
        asked["dry_run"] = "true"
    body = endpoint.body
    if spot.place == "query":
        asked[str(spot.path[0])] = str(case.value)
    else:
        body = beside(body, spot.name, case.what)
        put(body, spot.path, case.value)
    role = ASKED_BY.get(case.short, endpoint.role)
    return call(endpoint.method, f"{path}?{urlencode(asked)}", body, role=role)


@pytest.mark.parametrize("case", some(accepted()))
def test_what_is_within_its_limits_is_not_refused_for_it(
    caller: tuple[Caller, Written], case: Case
) -> None:
    call, before = caller
    response = sent(call, case)
    if case.spot.endpoint.method != "GET":
        take_back(before)
    sentence = NOT_OFFERED.get(str(case))
    if sentence is not None:
        assert locations_of(response) == [case.spot.location]
        expected_message = f"{case.spot.location}: {sentence}"
        assert error_of(response)["message"] == expected_message
        return
    expected = ANSWERED_WITH.get(str(case)) or ANSWERED_WITH.get(case.short)
    if expected is None:
        assert response.status_code in (200, 201), response.content
    else:
        assert response.status_code == expected, response.content
        faults = error_of(response)["details"].get("validation_errors", [])
        assert case.spot.location not in [fault["location"] for fault in faults]


@pytest.mark.parametrize("case", some(refused()))
def test_what_is_beyond_them_is_refused_at_its_place(
    caller: tuple[Caller, Written], case: Case
) -> None:
    call, before = caller
    response = sent(call, case)
    assert case.spot.location in locations_of(response), response.content
    assert Written.now() == before


def test_every_text_number_and_list_has_a_limit() -> None:
    assert {spot.name for spot in spots() if not is_bounded(spot)} == set(UNLIMITED)


def test_the_exceptions_are_of_cases_that_there_are() -> None:
    cases = accepted()
    names = {str(case) for case in cases} | {case.short for case in cases}
    assert set(NOT_OFFERED) | set(ANSWERED_WITH) | set(ASKED_BY) <= names


def test_there_are_cases_of_every_kind() -> None:
    """The document would have to lose its limits for these to be few."""
    kinds = {case.what for case in accepted()} | {case.what for case in refused()}
    limits = {"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"}
    assert limits | {f"beyond {limit}" for limit in limits} <= kinds
    assert {"is null", "is no such word", "of a wrong type"} <= kinds
    assert len(accepted()) + len(refused()) > 800
