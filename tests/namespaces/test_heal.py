"""The sweep: what a crash between two writes left open is closed, once, and rightly."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.record import RecordedActor
from nsadmin.jobs import trimming
from nsadmin.jobs.models import ItemFailure
from nsadmin.namespaces.change import commit, recovery
from nsadmin.namespaces.change.recovery import heal
from nsadmin.namespaces.models import HealingTurn
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.accepting import accept
from tests.cast import make_namespace

ADDED = {
    "kind": "add_vector",
    "name": "v",
    "size": 4,
    "distance": "dot",
    "extractor_id": "",
}
INDEX = {"payload_indexes": [{"field_name": "rank", "type": "integer"}]}


def attempted(cast, body):
    """Do what a change does up to the audit's attempt; return what comes next."""
    shown = commit.preview(cast.actor(), cast.own.namespace_id, parse_patch(body))
    op_id = record.new_op_id()
    attempt(cast, op_id, cast.own)
    return shown, op_id


def attempt(cast, op_id, namespace):
    record.attempt(
        op_id=op_id,
        action="namespace:update",
        summary="x",
        actor=RecordedActor("user", "1", "mara"),
        organization_id=cast.northlight.organization_id,
        namespace_id=namespace.namespace_id,
        revision=namespace.revision + 1,
    )


def grow_old(op_id, seconds):
    past = timezone.now() - timedelta(seconds=seconds)
    AuditEvent.objects.filter(op_id=op_id).update(at=past)


def let_turns_come():
    past = timezone.now() - timedelta(seconds=1)
    HealingTurn.objects.update(next_try_at=past)


def outcome(op_id):
    return AuditEvent.objects.get(op_id=op_id).outcome


def test_an_attempt_that_was_never_accepted_fails(cast):
    _, op_id = attempted(cast, INDEX)
    grow_old(op_id, 10)
    assert heal() == 0
    assert outcome(op_id) == "attempted"
    grow_old(op_id, 100)
    let_turns_come()
    assert heal() == 1
    assert outcome(op_id) == "failed"
    assert store.get(cast.own.namespace_id)["revision"] == 1


def test_an_accepted_one_is_carried_out(cast):
    shown, op_id = attempted(cast, INDEX)
    namespace = document.read(store.get(cast.own.namespace_id))
    raw = accept(namespace, shown.plan, op_id)
    assert raw is not None
    assert raw["observed_revision"] == 1
    grow_old(op_id, 10)
    assert heal() == 1
    assert outcome(op_id) == "done"
    live = collections.get(shared(), cast.own.collection)
    assert live is not None
    assert live.indexes["rank"].type == "integer"
    after = store.get(cast.own.namespace_id)
    assert (after["revision"], after["observed_revision"]) == (2, 2)
    assert heal() == 0


def test_it_waits_for_qdrant_and_then_goes_on(cast, settings):
    shown, op_id = attempted(cast, INDEX)
    accept(document.read(store.get(cast.own.namespace_id)), shown.plan, op_id)
    grow_old(op_id, 10)
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert heal() == 0
    assert outcome(op_id) == "accepted"
    settings.NSADMIN_QDRANT_URL = address
    assert heal() == 0  # not its turn yet
    let_turns_come()
    assert heal() == 1
    assert outcome(op_id) == "done"
    assert not HealingTurn.objects.exists()


def test_what_can_never_converge_does_not_hold_up_what_can(cast):
    """A hundred rows wait for ever for collections that are gone; one more can go on."""
    for number in range(110):
        op_id = f"op_stuck_{number}"
        pending = {"op_id": op_id, "revision": 2, "steps": [ADDED]}
        stuck = make_namespace(
            cast.northlight, f"stuck {number}", in_qdrant=False, pending=[pending]
        )
        attempt(cast, op_id, stuck)
        grow_old(op_id, 200 - number / 10)
        AuditEvent.objects.filter(op_id=op_id).update(outcome="accepted")
    shown, newest = attempted(cast, INDEX)
    accept(document.read(store.get(cast.own.namespace_id)), shown.plan, newest)
    grow_old(newest, 10)
    assert heal() == 0
    assert heal() == 1
    assert outcome(newest) == "done"
    assert HealingTurn.objects.count() == 110


def test_the_wait_between_two_tries_grows(cast, settings):
    shown, op_id = attempted(cast, INDEX)
    accept(document.read(store.get(cast.own.namespace_id)), shown.plan, op_id)
    grow_old(op_id, 10)
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    waits = []
    for _ in range(6):
        let_turns_come()
        heal()
        left = HealingTurn.objects.get().next_try_at - timezone.now()
        waits.append(round(left.total_seconds()))
    assert waits == [4, 8, 16, 32, 60, 60]


def test_a_row_that_nobody_can_read_holds_up_nobody(cast):
    odd = make_namespace(cast.northlight, "odd", in_qdrant=False, pending="odd")
    attempt(cast, "op_odd", odd)
    AuditEvent.objects.filter(op_id="op_odd").update(outcome="accepted")
    shown, op_id = attempted(cast, INDEX)
    accept(document.read(store.get(cast.own.namespace_id)), shown.plan, op_id)
    grow_old("op_odd", 20)
    grow_old(op_id, 10)
    assert heal() == 1
    assert outcome(op_id) == "done"
    failure = ItemFailure.objects.get(loop="heal")
    assert (failure.item, failure.resolved_at) == (odd.namespace_id, None)


@pytest.mark.parametrize("later", [{"description": "later"}, {"payload_indexes": []}])
def test_a_later_change_keeps_what_is_still_open(cast, settings, later):
    shown, op_id = attempted(cast, INDEX)
    accept(document.read(store.get(cast.own.namespace_id)), shown.plan, op_id)
    commit.commit(cast.actor(), cast.own.namespace_id, parse_patch(later))
    grow_old(op_id, 10)
    heal()
    assert outcome(op_id) == "done"
    live = collections.get(shared(), cast.own.collection)
    assert live is not None
    assert ("rank" in live.indexes) == ("description" in later)
    raw = store.get(cast.own.namespace_id)
    assert raw["observed_revision"] == raw["revision"] == 3
    assert "pending" not in raw


def test_the_schedule_looks_for_open_changes_and_forgets_old_turns_hourly(cast):
    HealingTurn.objects.all().delete()
    assert not recovery.is_due()
    _, op_id = attempted(cast, INDEX)
    assert not recovery.is_due()  # the request itself may still be at it
    grow_old(op_id, 10)
    assert recovery.is_due()
    now = timezone.now()
    turns = HealingTurn.objects
    turn = turns.create(op_id=op_id, next_try_at=now + timedelta(minutes=1), tries=1)
    assert not recovery.is_due()
    assert "healing_turns" not in trimming.run()
    turns.filter(pk=turn.pk).update(next_try_at=now - timedelta(hours=2))
    assert recovery.is_due()
    assert trimming.run()["healing_turns"] == 1
