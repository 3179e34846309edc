"""A namespace is moved, or stays as it was, whatever dies in whichever stage."""

import itertools
import random
from datetime import timedelta

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Unavailable
from nsadmin.jobs.execution.cancellation import abort, cancel
from nsadmin.jobs.models import State
from nsadmin.moves.ending import settle
from nsadmin.namespaces.change.moving import (
    CATCH_UP,
    COMPARE,
    FINISH,
    FLIP,
    PREPARE,
    TRANSFER,
)
from nsadmin.stores.qdrant import collections
from tests.clones.independent import Proxy, refusal
from tests.dedicated import OwnCluster
from tests.faults import clones
from tests.faults.plant import until
from tests.faults.transfers.moving import QUEUES, Route, depart, ended, reach
from tests.faults.transfers.traffic import Traffic
from tests.moves.conftest import content

STAGES = (PREPARE, TRANSFER, COMPARE, CATCH_UP, FLIP, FINISH)
VICTIMS = ("worker", "old", "new")


@pytest.fixture(scope="module")
def plant_env(new_cluster: OwnCluster) -> dict[str, str]:
    """The operator lists the second server."""
    return {"NSADMIN_CLUSTER_HOSTS": new_cluster.listed}


@pytest.mark.parametrize(
    ("victim", "stage", "pause"),
    [
        pytest.param("worker", TRANSFER, False, marks=pytest.mark.faults),
        pytest.param("new", TRANSFER, True, marks=pytest.mark.faults),
        pytest.param("old", COMPARE, True, marks=pytest.mark.faults),
        pytest.param("worker", FLIP, True, marks=pytest.mark.faults),
        pytest.param("new", FLIP, True, marks=pytest.mark.faults),
    ],
)
def test_a_kill_in_a_stage_is_survived(
    route: Route, victim: str, stage: str, *, pause: bool
) -> None:
    journey = depart(route, count=800)
    job = journey.begin(pause=pause)
    is_hit = reach(job, stage) and route.harm(victim, job)
    journey.require_moved(ended(job))
    print(f"{victim} killed in {stage}: {is_hit}; by {job.outputs['transfer']['way']}")
    journey.close()


def test_a_move_that_is_cancelled_after_a_kill_leaves_nothing(route: Route) -> None:
    journey = depart(route, count=800)
    job = journey.begin(pause=True)
    assert reach(job, FLIP)
    route.harm("old", job)
    cancel(clones.refreshed(job))
    if ended(job).state == State.DONE:
        journey.require_moved(job)
    else:
        journey.require_as_before(job)
    journey.close()


@pytest.mark.faults
def test_an_old_server_that_is_away_at_the_end_is_waited_for(
    route: Route, settings
) -> None:
    journey = depart(route, count=200)
    with Proxy(route.plant.qdrant.url).running() as proxy:
        proxy.rule = lambda _: (
            refusal(503, "away") if "fallback" in journey.raw else None
        )
        route.plant.workers.employ(1, queues=QUEUES, NSADMIN_QDRANT_URL=proxy.url)
        job = journey.begin(pause=True)
        until(lambda: clones.refreshed(job).waiting, "it waits for the old server")
        assert journey.now.url == route.new.url
        assert content(journey.now, journey.name) == journey.content
        abort(job, "There was no answer for too long.")  # it is too late to cancel it
        # An end that cannot be recorded for so long is recorded without the old server.
        settings.NSADMIN_QDRANT_URL = proxy.url
        with pytest.raises(Unavailable):
            settle(clones.refreshed(job))
        given_up = timedelta(days=settings.NSADMIN_PURGE_GIVE_UP_DAYS)
        long_ago = clones.refreshed(job)
        assert long_ago.ended_at is not None
        long_ago.ended_at -= given_up
        settle(long_ago)
        there = collections.get(journey.now, journey.name)
        assert there is not None
        assert "nsadmin_mov" not in str(there.raw.get("metadata"))
        left = AuditEvent.objects.get(action="namespace:leave-collection")
        assert left.namespace_id == journey.namespace.namespace_id
        assert "writes_paused_until" not in journey.raw
        proxy.rule = lambda _: None
        settings.NSADMIN_QDRANT_URL = route.plant.qdrant.url
        ended(job)
    assert AuditEvent.objects.get(op_id=job.op_id).outcome == "done"
    journey.close()


def _move_under_harm(route: Route, chance: random.Random, number: int) -> bool:
    """Move a namespace and kill once; False if the stage was over too soon."""
    victim, stage = VICTIMS[number % 3], STAGES[number // 3 % 6]
    pause, cancels = chance.random() < 0.5, chance.random() < 0.25
    ways = ["pages"] if number % 4 == 3 else ["stream"]
    route.plant.workers.employ(2, queues=QUEUES, NSADMIN_TRANSFER_WAYS=ways)
    journey = depart(route, count=chance.randrange(300, 1_500))
    job = journey.begin(pause=pause)
    is_hit = reach(job, stage, chance) and route.harm(victim, job)
    if cancels:
        cancel(clones.refreshed(job))
    if ended(job).state == State.DONE:
        journey.require_moved(job)
    else:
        assert cancels, job.error
        journey.require_as_before(job)
    journey.close()
    print(f"{victim} in {stage}, hit {is_hit}, pause {pause}: {job.state}", flush=True)
    return is_hit


@pytest.mark.faults
def test_thirty_kills_at_random_leave_it_moved_or_as_before(route: Route) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance, hits = random.Random(seed), 0
    for number in itertools.count():
        hits += _move_under_harm(route, chance, number)
        if hits == 30:
            return


@pytest.mark.faults
@pytest.mark.parametrize("victim", VICTIMS)
def test_what_was_acknowledged_outlives_a_kill(route: Route, victim: str) -> None:
    journey = depart(route, count=1_000)
    traffic = Traffic(journey.namespace, list(journey.content), per_second=20)
    with traffic.flowing():
        job = journey.begin(pause=True)
        for stage in (TRANSFER, COMPARE):
            if reach(job, stage):
                route.harm(victim, job)
        ended(job)
    journey.require_moved(job, same_points=False)
    now = content(route.new.cluster, journey.name)
    assert journey.content.keys() <= now.keys()
    assert traffic.acknowledged
    assert traffic.lost(now) == ([], [])
    journey.close()
