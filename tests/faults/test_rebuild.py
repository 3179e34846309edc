"""Rebuilding all indexes: whichever call fails, each index exists once afterwards."""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from nsadmin.access.actor import SYSTEM
from nsadmin.access.models import Organization
from nsadmin.errors import NsadminError
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.change.recovery import heal
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.stores.mongo import namespaces as store
from tests.faults.proxy import Fault
from tests.faults.scenarios import SCENARIOS, Trip, content, let_time_pass, shape_of

REBUILD = Repair(vectors=False, rebuild=True)
SEED, SAMPLE = 1895, 12


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A namespace with a custom index, before its indexes are rebuilt."""

    trip: Trip

    def commit(self) -> changes.Outcome | NsadminError:
        """Rebuild every index; return the outcome or the error for the client."""
        try:
            return changes.commit(SYSTEM, self.trip.namespace_id, REBUILD)
        except NsadminError as failure:
            return failure


@pytest.fixture
def rebuild(organization: Organization) -> Iterator[Rebuild]:
    with closing(Trip(SCENARIOS["drop an index"], organization)) as trip:
        yield Rebuild(trip)


def settled(trip, before, shape):
    """No step is pending, Qdrant has every index, the document is unchanged."""
    raw = store.get(trip.namespace_id)
    assert "pending" not in raw
    assert raw["observed_revision"] == raw["revision"]
    assert content(raw) == content(before)
    assert shape_of(trip.namespace_id) == shape
    assert set(trip.outcomes()) <= {"done", "failed"}


def _sampled(crossed, faults):
    cells = [
        (exchange, fault)
        for exchange in crossed
        for fault in faults
        if fault is not Fault.ERROR or exchange.store == "qdrant"
    ]
    return random.Random(SEED).sample(cells, SAMPLE)


def test_a_broken_rebuild_is_finished_by_the_sweep(region, rebuild, subtests):
    trip = rebuild.trip
    before, shape = store.get(trip.namespace_id), shape_of(trip.namespace_id)
    region.exchanges.expect()
    assert rebuild.commit().converged
    crossed = list(region.exchanges.seen)
    assert len([e for e in crossed if e.asks.startswith("DELETE /index/")]) == 12
    settled(trip, before, shape)
    for exchange, fault in _sampled(crossed, (Fault.RESET, Fault.DROPPED, Fault.ERROR)):
        with subtests.test(f"{fault} at {exchange.number} ({exchange.asks})"):
            region.exchanges.expect(exchange.number, fault)
            rebuild.commit()
            region.exchanges.expect()
            let_time_pass(trip.namespace_id)
            heal()
            settled(trip, before, shape)
            region.exchanges.expect()
            assert heal() == 0
            assert region.exchanges.writes == []


def test_an_index_that_is_built_anew_is_not_dropped_a_second_time(region, rebuild):
    """Recovery continues behind the last drop, so that a long rebuild ends."""
    trip = rebuild.trip
    before, shape = store.get(trip.namespace_id), shape_of(trip.namespace_id)
    region.exchanges.expect()
    assert rebuild.commit().converged
    builds = [e for e in region.exchanges.seen if e.asks == "PUT /index"]
    region.exchanges.expect(builds[5].number, Fault.DROPPED)
    outcome = rebuild.commit()
    assert not outcome.converged
    assert len(outcome.waiting) == 24 - 11
    let_time_pass(trip.namespace_id)
    region.exchanges.expect()
    assert heal() == 1
    asked = [w for w in region.exchanges.writes if w.startswith("qdrant")]
    assert len(asked) == 24 - 12
    settled(trip, before, shape)
