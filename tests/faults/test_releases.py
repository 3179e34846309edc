"""An upgrade under way: workers of this release and of the one before, on one plant."""

from pathlib import Path

import pytest

from nsadmin.access.actor import Actor
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.verify import verify
from nsadmin.jobs.models import Job, State
from tests.audit.sending import sent_from
from tests.faults import clones, releases
from tests.faults.plant import Plant, until

# Each starts workers of both releases, which takes a minute and a half in all.
pytestmark = pytest.mark.faults
SENDER = "198.51.100.7"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the release before."""
    folder = tmp_path_factory.mktemp("older")
    releases.unpack_previous(folder)
    return folder


@pytest.fixture
def actor(plant: Plant) -> Actor:
    return plant.actor("enterprise")


def ended(*jobs: Job) -> bool:
    return all(not clones.refreshed(job).is_live for job in jobs)


def test_the_release_before_does_jobs_of_this_one_and_gives_back_what_it_does_not_know(
    plant: Plant, older: Path, actor: Actor
) -> None:
    source = clones.make_source(actor, "source", count=200)
    plant.workers.employ(0)
    with releases.running_worker(plant, older) as worker:
        with sent_from(SENDER):
            job = clones.begin(actor, source, "made by the older")
        (unknown,) = clones.like(job, 1)
        Job.objects.filter(pk=unknown.pk).update(kind="kind_of_tomorrow")
        until(lambda: ended(job), "the older worker clones", within_s=120)
        assert f":{worker.pid}:" in clones.refreshed(job).owner
        clones.require_complete(source, job)
        until(lambda: clones.refreshed(unknown).waiting, "it is given back")
    assert (unknown.state, unknown.attempts) == (State.QUEUED, 0)
    assert "no runner for jobs of kind kind_of_tomorrow" in unknown.waiting
    Job.objects.filter(pk=unknown.pk).delete()
    # It closed an event that has a column which it does not know.
    event = AuditEvent.objects.get(op_id=job.op_id)
    assert (event.client_address, event.outcome) == (SENDER, "done")
    assert verify(actor.organization_id).faults == ()


def test_this_release_goes_on_where_the_one_before_was_killed(
    plant: Plant, older: Path, actor: Actor
) -> None:
    source = clones.make_source(actor, "source", count=6000)
    plant.workers.employ(0)
    with releases.running_worker(plant, older) as worker:
        job = clones.begin(actor, source, "begun by the older")
        until(lambda: f":{worker.pid}:" in clones.refreshed(job).owner, "it is begun")
    plant.workers.employ(1)
    until(lambda: ended(job), "the newer worker goes on", within_s=120)
    assert f":{worker.pid}:" not in job.owner
    clones.require_complete(source, job)
    assert verify(actor.organization_id).faults == ()


def test_both_share_the_queue(plant: Plant, older: Path, actor: Actor) -> None:
    source = clones.make_source(actor, "source", count=200)
    plant.workers.employ(1)
    with releases.running_worker(plant, older):
        jobs = [clones.begin(actor, source, f"copy {number}") for number in range(4)]
        until(lambda: ended(*jobs), "all end", within_s=240)
        for job in jobs:
            clones.require_complete(source, job)
    assert verify(actor.organization_id).faults == ()
