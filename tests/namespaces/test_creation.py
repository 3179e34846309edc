"""A creation that is interrupted is healed or leaves nothing; a race has one winner."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from nsadmin.access.actor import Actor
from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.audit.record import RecordedActor
from nsadmin.errors import Conflict, NsadminError, QuotaExceeded, Unavailable
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.change.compare_and_set import accepted_document
from nsadmin.namespaces.change.recovery import heal
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.schema.creation import parse_new
from nsadmin.namespaces.schema.payload_indexes import PROTECTED_INDEXES
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast, assemble
from tests.faults.database import Rows
from tests.faults.scenarios import let_time_pass

WANTED = {"namespace_name": "interrupted"}


def begun(cast: Cast, *, inserted: bool) -> tuple[str, str]:
    """Go as far as the attempt, or the insertion, and die; return both ids."""
    operation = uuid4()
    op_id = f"op_{operation.hex}"
    wanted = parse_new(WANTED)
    namespace, plan = creation._planned(cast.actor(), wanted, operation)
    creation._attempt(cast.actor(), namespace, plan, op_id)
    if inserted:
        store.insert(accepted_document(namespace, plan, op_id))
    return namespace.namespace_id, op_id


def test_what_was_inserted_is_brought_to_its_end(cast: Cast) -> None:
    namespace_id, op_id = begun(cast, inserted=True)
    let_time_pass(namespace_id)
    heal()
    live = collections.get(shared(), namespace_id)
    assert live is not None
    assert set(live.indexes) == set(PROTECTED_INDEXES)
    assert len(live.vectors) == 2
    raw = store.get(namespace_id)
    assert raw is not None
    assert (raw["observed_revision"], raw.get("pending")) == (1, None)
    assert AuditEvent.objects.get(op_id=op_id).outcome == Outcome.DONE


def test_what_was_only_attempted_leaves_nothing(cast: Cast) -> None:
    namespace_id, op_id = begun(cast, inserted=False)
    let_time_pass(namespace_id)
    heal()
    assert store.get(namespace_id) is None
    assert collections.get(shared(), namespace_id) is None
    assert AuditEvent.objects.get(op_id=op_id).outcome == Outcome.FAILED


def test_half_a_collection_is_completed(cast: Cast) -> None:
    namespace_id, _ = begun(cast, inserted=True)
    metadata = {"namespace_id": namespace_id}
    vectors = {"text_extractor_v1_embedding": (1024, "cosine")}
    collections.create(shared(), namespace_id, vectors, metadata=metadata)
    let_time_pass(namespace_id)
    heal()
    live = collections.get(shared(), namespace_id)
    assert live is not None
    assert set(live.indexes) == set(PROTECTED_INDEXES)


def test_a_collection_of_another_is_not_taken(cast: Cast) -> None:
    namespace_id, op_id = begun(cast, inserted=True)
    collections.create(shared(), namespace_id, {"v": (4, "cosine")})
    let_time_pass(namespace_id)
    heal()
    live = collections.get(shared(), namespace_id)
    assert live is not None
    assert live.indexes == {}
    assert AuditEvent.objects.get(op_id=op_id).outcome == Outcome.ACCEPTED


def test_without_qdrant_nothing_is_written(cast: Cast, settings: Any) -> None:
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    before = len(list(store.every()))
    with pytest.raises(Unavailable):
        creation.create(cast.actor(), parse_new(WANTED))
    assert len(list(store.every())) == before
    assert not AuditEvent.objects.filter(action=creation.ACTION).exists()


def test_an_id_never_goes_from_one_organization_to_another(cast: Cast) -> None:
    """What is known by it, its history and its use, would go along."""
    wanted = parse_new(
        {"namespace_name": "second life", "namespace_id": "ns_used_before"}
    )
    event = record.record(
        Outcome.REFUSED,
        action=creation.ACTION,
        summary="Create “x”.",
        actor=RecordedActor("key", "k", "key k"),
        organization_id=cast.northlight.organization_id,
        namespace_id="ns_used_before",
    )
    creation.preview(cast.actor("stranger"), wanted)  # nothing ever came of that
    record.record(
        Outcome.DONE,
        action=creation.ACTION,
        summary=event.summary,
        actor=RecordedActor("key", "k", "key k"),
        organization_id=cast.northlight.organization_id,
        namespace_id="ns_used_before",
    )
    for attempt in (creation.preview, creation.create):
        with pytest.raises(Conflict) as refused:
            attempt(cast.actor("stranger"), wanted)
        assert refused.value.code == "namespace_id_taken"
    assert creation.create(cast.actor(), wanted).view.namespace.name == "second life"


# Races -------------------------------------------------------------------------------


@pytest.fixture
def racing(shared_rows: Rows) -> Cast:
    """A cast in rows that every thread reads and writes."""
    return assemble()


def raced(actor: Actor, bodies: list[dict[str, Any]]) -> list[NsadminError | None]:
    """Create all at once; return what each was refused for."""

    def one(body: dict[str, Any]) -> NsadminError | None:
        try:
            creation.create(actor, parse_new(body))
        except NsadminError as refused:
            return refused
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(one, bodies))


@pytest.mark.parametrize("what", ["name", "id", "collection"])
def test_one_of_many_gets_what_all_want(racing: Cast, what: str) -> None:
    bodies: list[dict[str, Any]]
    bodies = [{"namespace_name": f"racer {n}"} for n in range(6)]
    for number, body in enumerate(bodies):
        if what == "name":
            body["namespace_name"] = "Racer" if number % 2 else "racER"
        elif what == "id":
            body["namespace_id"] = f"ns_{racing.own.namespace_id[3:]}race"
        else:
            place = f"{racing.northlight.organization_id}_race"
            body["infrastructure"] = {"qdrant_collection": place}
    refusals = raced(racing.actor(), bodies)
    assert refusals.count(None) == 1
    codes = {r.code for r in refusals if r is not None}
    word = {"name": "namespace_name_taken", "id": "namespace_id_taken"}
    assert codes == {word.get(what, "collection_taken")}
    assert all(isinstance(r, Conflict) for r in refusals if r is not None)
    assert len(list(store.every())) == 4


def test_the_last_place_of_a_plan_goes_to_one(racing: Cast, settings: Any) -> None:
    settings.NSADMIN_PLAN_LIMITS = {"free": 1, "pro": 2, "enterprise": None}
    refusals = raced(
        racing.actor("stranger"), [{"namespace_name": f"racer {n}"} for n in range(5)]
    )
    assert refusals.count(None) == 1
    assert all(isinstance(r, QuotaExceeded) for r in refusals if r is not None)
    assert store.count_of_tenant(racing.halden.internal_id) == 2


def test_an_unknown_subscription_includes_as_many_as_the_smallest(
    settings: Any,
) -> None:
    settings.NSADMIN_PLAN_LIMITS = {"free": 1, "pro": 10, "enterprise": None}
    assert quota.plan_limit("platinum") == 1
    assert quota.plan_limit("enterprise") is None
