"""What is written to the old cluster during the switch is brought over, or counted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.change.moving import FLIP
from nsadmin.namespaces.schema.moving import PAUSED_UNTIL
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.clones.conftest import run_to_the_end
from tests.dedicated import OwnCluster
from tests.moves.conftest import Mover, content, job_of, slices


def _before_the_switch(job: Job) -> Job:
    """Run slices until all is compared and only the switch is left."""
    for _ in range(100):
        slices(job, 1)
        stages = {stage["key"]: stage for stage in job.progress["stages"]}
        if stages[FLIP]["done"] == 2:
            return job
    raise AssertionError("The move does not come to its switch.")


@pytest.mark.parametrize("pause", [False, True])
def test_a_late_write_is_brought_over_or_counted(
    mover: Mover, own_cluster: OwnCluster, *, pause: bool
) -> None:
    job = _before_the_switch(job_of(mover.begin(own_cluster.body(), pause=pause)))
    rows, _ = points.page(shared(), mover.name, with_vectors=True)
    changed = {**rows[0], "payload": {"title": "changed"}}
    if not pause:
        points.put(shared(), mover.name, [changed, {**rows[1], "id": 10**9}])
    assert run_to_the_end(job).state == State.DONE
    there = content(own_cluster.cluster, mover.name)
    assert (10**9 in there) is not pause
    told = {
        key: job.outputs[key]["points"]
        for key in {"late", "differing"} & set(job.outputs)
    }
    assert told == ({} if pause else {"late": 1, "differing": 1})


def test_a_pause_that_lapsed_between_slices_proves_nothing(
    mover: Mover, own_cluster: OwnCluster
) -> None:
    job = _before_the_switch(job_of(mover.begin(own_cluster.body(), pause=True)))
    raw = mover.raw
    lapsed = timezone.now().replace(microsecond=0) - timedelta(minutes=1)
    assert store.replace(raw, {**raw, PAUSED_UNTIL: lapsed})
    # A server that cannot limit writes.
    rules = {"strict_mode_config": {"enabled": False}}
    collections.change(shared(), mover.name, rules)
    rows, _ = points.page(shared(), mover.name, with_vectors=True)
    changed = {**rows[0], "payload": {"title": "changed"}}
    points.put(shared(), mover.name, [changed])
    wanted = content(shared(), mover.name)
    assert run_to_the_end(job).state == State.DONE
    assert content(own_cluster.cluster, mover.name) == wanted
