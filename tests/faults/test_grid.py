"""Every outside call of a change is broken in every way; the change stays whole.

A change makes some ten calls of MongoDB, Qdrant and Redis. For each kind of change and
each of its calls the grid breaks that call, then asks: is the document the old or the
new one, is every change in the audit once, does one sweep bring everything in line, does
the next sweep find nothing to write, and does a client that tries again end right?
"""

import random
from contextlib import closing
from dataclasses import dataclass

import pytest

from nsadmin.access.models import Organization
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.change.commit import Outcome
from nsadmin.namespaces.change.recovery import heal
from tests.faults.conftest import Region
from tests.faults.proxy import Exchange, Fault
from tests.faults.scenarios import SCENARIOS, Scenario, Trip, let_time_pass

SEED = 1895
SAMPLE = 12

_KILLS = (Fault.KILL_BEFORE, Fault.KILL_AFTER)


@dataclass(frozen=True, slots=True)
class Cell:
    """One broken call; `impatient` clients try again before the sweep has come by."""

    scenario: Scenario
    exchange: Exchange
    fault: Fault
    impatient: bool

    def __str__(self) -> str:
        when = ", tried again at once" if self.impatient else ""
        call = f"{self.exchange.number} ({self.exchange.store} {self.exchange.asks})"
        return f"{self.scenario.kind}: {self.fault} at {call}{when}"


def _exchanges(
    scenario: Scenario, region: Region, organization: Organization
) -> list[Exchange]:
    """What crosses the proxies when nothing breaks."""
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect()
        outcome = trip.commit()
        assert isinstance(outcome, Outcome)
        assert outcome.converged
        crossed = list(region.exchanges.seen)
        trip.require_done_once()
        trip.require_settled()
    return crossed


def _cells(scenario: Scenario, crossed: list[Exchange], fault: Fault) -> list[Cell]:
    """All cells of one kind of change and one fault."""
    orders = (False, True) if fault in (Fault.RESET, Fault.DROPPED) else (False,)
    return [
        Cell(scenario, exchange, fault, impatient)
        for exchange in crossed
        if fault is not Fault.ERROR or exchange.store == "qdrant"
        for impatient in orders
    ]


def _hold(cell: Cell, trip: Trip, region: Region) -> None:
    """Break the call, and hold the change to everything it promises."""
    failed = _broken(cell, trip, region)
    trip.require_no_mixture()
    tries = 1
    if failed and cell.impatient:
        tries += 1
        again = trip.commit()
        assert not isinstance(again, NsadminError), again.message
    let_time_pass(trip.namespace_id)
    heal()
    trip.require_settled(tries=tries)
    region.exchanges.expect()
    assert heal() == 0
    assert region.exchanges.writes == []
    if failed and not cell.impatient:
        tries += 1
        again = trip.commit()
        assert not isinstance(again, NsadminError), again.message
        assert again.converged
        trip.require_settled(tries=tries)
    trip.require_done_once()


def _broken(cell: Cell, trip: Trip, region: Region) -> bool:
    """Commit with the call broken; whether the client has reason to try again."""
    number, fault = cell.exchange.number, cell.fault
    if fault in _KILLS:
        region.exchanges.expect(number, fault, kill=region.killables.kill)
        region.killables.begin(trip.namespace_id, trip.body)
        failed = region.killables.end() != 0
    else:
        region.exchanges.expect(number, fault)
        failed = isinstance(trip.commit(), NsadminError)
    broken = region.exchanges.broken
    assert broken is not None
    assert broken.asks == cell.exchange.asks
    region.exchanges.expect()
    return failed


@pytest.mark.faults
@pytest.mark.parametrize("fault", Fault, ids=str)
@pytest.mark.parametrize(
    "scenario", SCENARIOS.values(), ids=lambda scenario: scenario.kind
)
def test_whatever_call_of_a_change_breaks_it_stays_whole(
    scenario, fault, region, organization, subtests
):
    crossed = _exchanges(scenario, region, organization)
    for cell in _cells(scenario, crossed, fault):
        with (
            subtests.test(str(cell)),
            closing(Trip(cell.scenario, organization)) as trip,
        ):
            _hold(cell, trip, region)


def test_some_calls_break_and_the_change_stays_whole(region, organization, subtests):
    """The same, for a few cells; a hanging call takes too long to be among them."""
    quick = [fault for fault in Fault if fault is not Fault.HANG]
    cells = [
        cell
        for scenario in SCENARIOS.values()
        for crossed in [_exchanges(scenario, region, organization)]
        for fault in quick
        for cell in _cells(scenario, crossed, fault)
    ]
    chance = random.Random(SEED)
    for writes in (True, False):
        alike = [cell for cell in cells if cell.exchange.writes is writes]
        for cell in chance.sample(alike, SAMPLE // 2):
            with (
                subtests.test(str(cell)),
                closing(Trip(cell.scenario, organization)) as it,
            ):
                _hold(cell, it, region)


def test_an_index_that_is_built_is_not_dropped_to_be_built_again(region, organization):
    """Only the note that the new index was seen is lost; the sweep writes nothing else."""
    scenario = SCENARIOS["change an index"]
    crossed = _exchanges(scenario, region, organization)
    noted = [e.number for e in crossed if (e.store, e.asks) == ("mongo", "update")][-1]
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect(noted, Fault.RESET, times=2)
        outcome = trip.commit()
        assert isinstance(outcome, Outcome)
        assert not outcome.converged
        let_time_pass(trip.namespace_id)
        region.exchanges.expect()
        assert heal() == 1
        assert region.exchanges.writes == ["mongo: update"]
        trip.require_settled()


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.RESET], ids=str)
def test_a_first_write_over_a_connection_of_the_past_is_written_again(
    region, organization, fault
):
    """As after a restart of MongoDB; had the first try arrived, the document says so."""
    scenario = SCENARIOS["create an index"]
    crossed = _exchanges(scenario, region, organization)
    accepts = next(e for e in crossed if (e.store, e.asks) == ("mongo", "update"))
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect(accepts.number, fault)
        answer = trip.commit()
        assert region.exchanges.broken is not None
        assert not isinstance(answer, NsadminError), answer.message
        assert answer.converged
        assert trip.outcomes() == ["done"]
        trip.require_settled()
        trip.require_done_once()


def test_where_the_second_try_is_lost_as_well_the_sweep_decides(region, organization):
    scenario = SCENARIOS["create an index"]
    crossed = _exchanges(scenario, region, organization)
    accepts = next(e for e in crossed if (e.store, e.asks) == ("mongo", "update"))
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect(accepts.number, Fault.RESET, times=3)
        answer = trip.commit()
        assert isinstance(answer, Unavailable)
        region.exchanges.expect()
        assert trip.outcomes() == ["attempted"]
        let_time_pass(trip.namespace_id)
        heal()
        assert trip.outcomes() == ["failed"]
        trip.require_settled()
