"""Stores that accept connections and never answer: how long each request waits."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from django.test import Client

from nsadmin.access.actor import SYSTEM
from nsadmin.access.keys.keys import create_key
from nsadmin.access.permissions import Role
from nsadmin.errors import Unavailable
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.plan.repair import EVERYTHING
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import connection
from nsadmin.stores.mongo import namespaces as store
from tests.faults.scenarios import SCENARIOS, Trip

# A second for the store that is silent, and what the rest takes on a busy machine.
PATIENCE_S = 1.6


@contextmanager
def bounded(seconds: float = PATIENCE_S) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def trip(organization) -> Iterator[Trip]:
    """A namespace; connections that were hanging in the test are not used again."""
    with closing(Trip(SCENARIOS["create an index"], organization)) as made:
        yield made
        connection.close()


@pytest.fixture
def headers(organization) -> dict[str, str]:
    _, key = create_key(organization, name="silence", role=Role.ADMIN)
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
def a_second(settings) -> None:
    """The wait of a plan for Qdrant, as short as these tests are."""
    settings.NSADMIN_PLAN_TIMEOUT_S = 1


@pytest.mark.usefixtures("a_second")
def test_a_plan_is_shown_without_qdrant_and_says_so(region, trip):
    with region.exchanges.frozen("qdrant"), bounded():
        shown = commit.preview(SYSTEM, trip.namespace_id, parse_patch(trip.body))
    assert shown.qdrant_silent
    assert [step.kind for step in shown.plan.steps] == ["create_index"]


@pytest.mark.usefixtures("a_second")
def test_a_change_that_needs_qdrant_is_refused_within_a_second(region, trip, headers):
    before = store.get(trip.namespace_id)
    path = f"/v1/namespaces/{trip.namespace_id}"
    assert Client().get(path, headers=headers).status_code == 200
    with region.exchanges.frozen("qdrant"):
        for query in ("", "?dry_run=true"):
            with bounded():
                response = Client().patch(
                    path + query,
                    json.dumps(trip.body),
                    "application/json",
                    headers=headers,
                )
            assert response.status_code == (503 if not query else 200)
        with bounded(), pytest.raises(Unavailable):
            commit.commit(SYSTEM, trip.namespace_id, EVERYTHING)
        with bounded():
            fields = parse_patch({"description": "said while Qdrant was silent"})
            commit.commit(SYSTEM, trip.namespace_id, fields)
    assert trip.outcomes() == ["done"]  # of the description alone
    assert store.get(trip.namespace_id)["payload_indexes"] == before["payload_indexes"]


@pytest.mark.parametrize("first", [True, False], ids=["first request", "later one"])
def test_a_namespace_is_read_from_the_mirror_within_a_second(
    region, trip, headers, first
):
    path = f"/v1/namespaces/{trip.namespace_id}"
    assert Client().get(path, headers=headers).status_code == 200
    if first:
        connection.close()  # so that the next request has to connect
    with region.exchanges.frozen("mongo"):
        for _ in range(2):
            with bounded():
                response = Client().get(path, headers=headers)
            assert response.status_code == 200
            assert response.headers["Age"].isdigit()
            assert json.loads(response.content)["namespace_name"] == "before"
        with bounded(), pytest.raises(Unavailable):
            queries.get_stored(SYSTEM, trip.namespace_id)
    connection.close()
    assert "Age" not in Client().get(path, headers=headers).headers


def test_counts_are_the_mirrors_where_the_store_falls_silent(region, trip):
    comparison.reconcile()
    view = queries.get(SYSTEM, trip.namespace_id)
    with region.exchanges.frozen("mongo"), bounded():
        assert view.counts.objects == 0
