"""A clone is complete whichever worker, broker or store fails during the copy."""

import os
import signal
import time

import pytest

from nsadmin.access.actor import Actor
from nsadmin.clones.resume import discard
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.faults import clones
from tests.faults.plant import Plant, until


@pytest.fixture(scope="module")
def plant_env() -> dict[str, str]:
    """Points come in pages, so that a copy is under way for a while."""
    return {"NSADMIN_TRANSFER_WAYS": "pages"}


@pytest.fixture
def actor(plant: Plant) -> Actor:
    """A member with two running workers."""
    while len(plant.workers.pids) < 2:
        plant.workers.start()
    return plant.actor()


@pytest.fixture
def source(actor: Actor) -> Namespace:
    """A namespace whose clone takes some seconds."""
    return clones.make_source(actor, "source", count=800)


def _pid(job: Job) -> int:
    return int(job.owner.split(":")[1])


def _half_done(job: Job) -> None:
    """Wait until the first points are copied."""
    until(lambda: clones.points_done(job), "points are copied")


def _ended(job: Job) -> None:
    until(lambda: not clones.refreshed(job).is_live, "the clone ends")


@pytest.mark.faults
def test_two_kills_of_one_clone_are_survived(plant: Plant, actor, source):
    job = clones.begin(actor, source, "twice killed")
    for number in (1, 2):
        until(lambda: clones.refreshed(job).state == State.RUNNING, "it runs")
        if number == 1:
            _half_done(job)
        before = job.cursor
        plant.workers.kill(_pid(job))
        took = until(lambda: clones.refreshed(job).cursor != before, "it goes on")  # noqa: B023
        print(f"went on {took:.1f} s after kill {number}")
    _ended(job)
    clones.require_complete(source, job)


@pytest.mark.faults
@pytest.mark.parametrize("harm", ["emptied", "restarted"])
def test_redis_may_lose_everything(plant: Plant, actor, source, harm):
    job = clones.begin(actor, source, "without a broker")
    _half_done(job)
    plant.workers.kill(_pid(job))
    if harm == "emptied":
        redis.client().flushall()
    else:
        plant.redis.kill()
        plant.redis.restart()
    begun = job.cursor
    took = until(lambda: clones.refreshed(job).cursor != begun, "it goes on")
    print(f"went on {took:.1f} s after Redis was {harm}")
    _ended(job)
    clones.require_complete(source, job)


def test_qdrant_away_is_waited_for_in_words(plant: Plant, actor, source, client):
    job = clones.begin(actor, source, "while qdrant is away")
    _half_done(job)
    plant.qdrant.kill()
    until(lambda: clones.refreshed(job).waiting, "it says that it waits")
    client.force_login(clones.person_of(actor))
    page = client.get(f"/jobs/{job.job_id}/").content.decode()
    assert "Waiting for Qdrant" in page
    assert "Qdrant does not answer." in page
    time.sleep(2)
    plant.qdrant.restart()
    _ended(job)
    clones.require_complete(source, job)
    assert job.waiting == ""


@pytest.mark.faults
def test_qdrant_frozen_for_half_a_minute_is_waited_for(
    plant: Plant, actor, source, client
):
    client.force_login(clones.person_of(actor))
    job = clones.begin(actor, source, "while qdrant is frozen")
    _half_done(job)
    os.kill(plant.qdrant.pid, signal.SIGSTOP)
    begun = time.monotonic()
    try:
        time.sleep(15)
        page = client.get(f"/jobs/{job.job_id}/").content.decode()
        assert "No response from Qdrant for" in page
        time.sleep(20)
        page = client.get(f"/jobs/{job.job_id}/").content.decode()
        assert "Waiting for Qdrant" in page
    finally:
        os.kill(plant.qdrant.pid, signal.SIGCONT)
    print(f"frozen for {time.monotonic() - begun:.0f} s")
    _ended(job)
    clones.require_complete(source, job)


@pytest.mark.parametrize("lost", ["document", "collection"])
def test_a_source_deleted_half_way_fails_in_words(plant: Plant, actor, source, lost):
    job = clones.begin(actor, source, "of what is gone")
    _half_done(job)
    if lost == "document":
        raw = store.get(source.namespace_id)
        assert store.delete(source.namespace_id, revision=raw["revision"])
    else:
        collections.drop(shared(), source.collection)
    _ended(job)
    assert job.state == State.FAILED
    assert "was deleted" in job.error
    until(lambda: clones.refreshed(job).settled, "it is told")
    assert job.error in store.get(job.namespace_id)["clone_error"]
    discard(actor, job.job_id)
    clones.require_deleted(job)
