"""A namespace moves while programs read it all the time and write 50 times a second."""

import time

import pytest

from nsadmin.jobs.models import State
from tests.dedicated import OwnCluster
from tests.faults.transfers.moving import Route, depart, ended
from tests.faults.transfers.traffic import Traffic
from tests.moves.conftest import content

RATE = 50


@pytest.fixture(scope="module")
def plant_env(new_cluster: OwnCluster) -> dict[str, str]:
    """The operator lists the second server."""
    return {"NSADMIN_CLUSTER_HOSTS": new_cluster.listed}


def _move(route: Route, *, pause: bool, count: int, around_s: float) -> None:
    journey = depart(route, count=count)
    traffic = Traffic(journey.namespace, list(journey.content), per_second=RATE)
    began = time.monotonic()
    with traffic.flowing():
        time.sleep(around_s)
        job = ended(journey.begin(pause=pause))
        time.sleep(around_s)
    seconds = time.monotonic() - began
    assert (job.state, job.error) == (State.DONE, "")
    journey.require_moved(job, same_points=False)
    now = content(route.new.cluster, journey.name)
    missing, changed = traffic.lost(now)
    passes = job.cursor.get("passes")
    print(
        f"pause {pause}: {seconds:.1f} s, {traffic.confirmed:,} writes, "
        f"{traffic.reads} reads, {traffic.refused} writes refused, passes {passes}, "
        f"missing {len(missing)}, changed {len(changed)}, "
        f"told {job.outputs.get('late')} {job.outputs.get('differing')}"
    )
    assert traffic.failed_reads == []
    assert traffic.reads > 0
    assert traffic.inserted > RATE * around_s / 4
    assert all(counted >= count for _, counted in traffic.counts)
    assert missing == []
    if pause:
        assert changed == []
        assert [pair for pair in traffic.counts if pair[1] < pair[0]] == []
    else:
        told = job.outputs.get("differing", {}).get("points", 0)
        assert len(changed) <= told
    journey.close()


@pytest.mark.parametrize("pause", [True, pytest.param(False, marks=pytest.mark.faults)])
def test_nothing_is_missed_while_it_moves(route: Route, *, pause: bool) -> None:
    _move(route, pause=pause, count=500, around_s=1)


@pytest.mark.faults
@pytest.mark.parametrize("pause", [True, False])
def test_nothing_is_missed_while_a_large_one_moves(
    route: Route, *, pause: bool
) -> None:
    _move(route, pause=pause, count=2_000, around_s=3)
