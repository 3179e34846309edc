"""A change stays consistent whichever of its store calls fails, in whichever way.

A change makes some ten calls of MongoDB, Qdrant and Redis. The grid has a cell for each
kind of change, each of its calls and each fault. A cell breaks that call and checks:
the document is the old or the new one, the audit has each change once, one recovery
run brings all stores in line, the next one writes nothing, and a client's retry works.
"""

import random
import signal
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
# Cells of the sample for each kind of change: one call that writes, one that reads.
SAMPLED_WRITES, SAMPLED_READS = 1, 1
_UPDATE, _VECTORS = "mongo: update", "qdrant: PUT /vectors"
# The writes of each kind of change. They prove that the proxies see the change's calls,
# so that the grid cannot be empty.
WRITES = {
    "set fields": [_UPDATE],
    "create an index": [_UPDATE, "qdrant: PUT /index", _UPDATE],
    "drop an index": [_UPDATE, "qdrant: DELETE /index/rank", _UPDATE],
    "change an index": [
        _UPDATE,
        "qdrant: DELETE /index/title",
        _UPDATE,
        "qdrant: PUT /index",
        _UPDATE,
    ],
    "append an extractor": [
        _UPDATE,
        f"{_VECTORS}/text_extractor_v1_embedding",
        _UPDATE,
    ],
    "repair vectors": [
        _UPDATE,
        f"{_VECTORS}/image_extractor_v1_embedding",
        _UPDATE,
    ],
}

_KILLS = (Fault.KILL_BEFORE, Fault.KILL_AFTER)


@dataclass(frozen=True, slots=True)
class Cell:
    """One broken call; an `impatient` client retries before the recovery run."""

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
    """Return the store calls of a change when nothing breaks."""
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect()
        outcome = trip.commit()
        assert isinstance(outcome, Outcome)
        assert outcome.converged
        exchanges = list(region.exchanges.seen)
        assert region.exchanges.writes == WRITES[scenario.kind]
        trip.require_done_once()
        trip.require_settled()
    return exchanges


def _cells(scenario: Scenario, exchanges: list[Exchange], fault: Fault) -> list[Cell]:
    """All cells of one kind of change and one fault; ERROR is a fault of Qdrant alone."""
    orders = (False, True) if fault in (Fault.RESET, Fault.DROPPED) else (False,)
    return [
        Cell(scenario, exchange, fault, impatient)
        for exchange in exchanges
        if fault is not Fault.ERROR or exchange.store == "qdrant"
        for impatient in orders
    ]


def _sampled_cells(
    chance: random.Random, scenario: Scenario, exchanges: list[Exchange]
) -> list[Cell]:
    """A few cells of one kind of change; a hanging call would take too long."""
    cells = [
        cell
        for fault in Fault
        if fault is not Fault.HANG
        for cell in _cells(scenario, exchanges, fault)
    ]
    writes = [cell for cell in cells if cell.exchange.writes]
    reads = [cell for cell in cells if not cell.exchange.writes]
    return [
        *chance.sample(writes, SAMPLED_WRITES),
        *chance.sample(reads, SAMPLED_READS),
    ]


def _check(cell: Cell, trip: Trip, region: Region) -> None:
    """Break the call and check all that the change promises."""
    failed = _commit_broken(cell, trip, region)
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


def _commit_broken(cell: Cell, trip: Trip, region: Region) -> bool:
    """Commit with the call broken; return whether the client gets an error."""
    number, fault = cell.exchange.number, cell.fault
    if fault in _KILLS:
        region.exchanges.expect(number, fault, kill=region.killables.kill)
        region.killables.begin(trip.namespace_id, trip.body)
        assert region.killables.end() == -signal.SIGKILL
        failed = True
    else:
        region.exchanges.expect(number, fault)
        failed = isinstance(trip.commit(), NsadminError)
    broken = region.exchanges.broken
    assert broken is not None
    assert broken.asks == cell.exchange.asks
    region.exchanges.expect()
    return failed


def _has_cells(scenario: Scenario, fault: Fault) -> bool:
    calls_qdrant = any(write.startswith("qdrant") for write in WRITES[scenario.kind])
    return calls_qdrant or fault is not Fault.ERROR


@pytest.mark.faults
@pytest.mark.parametrize(
    ("scenario", "fault"),
    [
        pytest.param(scenario, fault, id=f"{scenario.kind}-{fault}")
        for scenario in SCENARIOS.values()
        for fault in Fault
        if _has_cells(scenario, fault)
    ],
)
def test_whatever_call_of_a_change_breaks_it_stays_whole(
    scenario, fault, region, organization, subtests
):
    exchanges = _exchanges(scenario, region, organization)
    cells = _cells(scenario, exchanges, fault)
    assert len(cells) >= len(WRITES[scenario.kind])
    for cell in cells:
        with (
            subtests.test(str(cell)),
            closing(Trip(cell.scenario, organization)) as trip,
        ):
            _check(cell, trip, region)


def test_some_calls_break_and_the_change_stays_whole(region, organization, subtests):
    """The same for a sample: cells of every kind of change, each with its own calls."""
    chance = random.Random(SEED)
    checked: list[str] = []
    for scenario in SCENARIOS.values():
        exchanges = _exchanges(scenario, region, organization)
        for cell in _sampled_cells(chance, scenario, exchanges):
            with (
                subtests.test(str(cell)),
                closing(Trip(cell.scenario, organization)) as trip,
            ):
                _check(cell, trip, region)
            checked.append(scenario.kind)
    per_kind = SAMPLED_WRITES + SAMPLED_READS
    assert checked == [kind for kind in WRITES for _ in range(per_kind)]


def test_an_index_that_is_built_is_not_dropped_to_be_built_again(region, organization):
    """Only the update that records the new index is lost; recovery writes nothing else."""
    scenario = SCENARIOS["change an index"]
    exchanges = _exchanges(scenario, region, organization)
    updates = [e.number for e in exchanges if (e.store, e.asks) == ("mongo", "update")]
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect(updates[-1], Fault.RESET, times=2)
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
    """As after a restart of MongoDB: the document shows whether the first try arrived."""
    scenario = SCENARIOS["create an index"]
    exchanges = _exchanges(scenario, region, organization)
    first = next(e for e in exchanges if (e.store, e.asks) == ("mongo", "update"))
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect(first.number, fault)
        answer = trip.commit()
        assert region.exchanges.broken is not None
        assert not isinstance(answer, NsadminError), answer.message
        assert answer.converged
        assert trip.outcomes() == ["done"]
        trip.require_settled()
        trip.require_done_once()


def test_where_the_second_try_is_lost_as_well_the_sweep_decides(region, organization):
    scenario = SCENARIOS["create an index"]
    exchanges = _exchanges(scenario, region, organization)
    first = next(e for e in exchanges if (e.store, e.asks) == ("mongo", "update"))
    with closing(Trip(scenario, organization)) as trip:
        region.exchanges.expect(first.number, Fault.RESET, times=3)
        answer = trip.commit()
        assert isinstance(answer, Unavailable)
        region.exchanges.expect()
        assert trip.outcomes() == ["attempted"]
        let_time_pass(trip.namespace_id)
        heal()
        assert trip.outcomes() == ["failed"]
        trip.require_settled()
