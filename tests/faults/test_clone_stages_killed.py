"""A clone whose points come as a whole is complete whatever dies in whichever stage."""

import random
from typing import Any

import pytest

from nsadmin.access.actor import Actor
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import shards
from nsadmin.stores.qdrant.cluster import shared
from tests.faults import clones
from tests.faults.plant import Plant, until


@pytest.fixture(
    scope="module",
    params=[pytest.param("snapshot", marks=pytest.mark.faults), "stream"],
)
def plant_env(request) -> dict[str, str]:
    """One of the ways in which shards come as a whole."""
    return {"NSADMIN_TRANSFER_WAYS": request.param}


@pytest.fixture
def actor(plant: Plant) -> Actor:
    """A member with two running workers."""
    while len(plant.workers.pids) < 2:
        plant.workers.start()
    return plant.actor()


@pytest.fixture
def source(actor: Actor) -> Namespace:
    """A namespace whose stages take a moment each."""
    return clones.make_source(actor, "source", count=2_000)


def _running(job: Job) -> str:
    """The key of the stage that runs now; empty once the clone has ended."""
    clones.refreshed(job)
    if job.state not in (State.RUNNING, State.QUEUED):
        return "ended"
    stages: list[dict[str, Any]] = (job.progress or {}).get("stages", [])
    return next((s["key"] for s in stages if s["state"] == "running"), "")


def _kill_in(plant: Plant, job: Job, stage: str) -> bool:
    """Kill the worker while this stage runs; False if it was over too soon."""
    until(lambda: _running(job) in (stage, "ended"), f"{stage} runs")
    pid = int(job.owner.split(":")[1]) if ":" in (job.owner or "") else 0
    if job.state != State.RUNNING or pid not in plant.workers.pids:
        return False
    plant.workers.kill(pid)
    return True


@pytest.mark.parametrize(
    "stage",
    [
        "points",
        *(pytest.param(s, marks=pytest.mark.faults) for s in ("prepare", "references")),
        pytest.param("verify", marks=pytest.mark.faults),
    ],
)
def test_a_kill_in_a_stage_is_survived(plant: Plant, actor, source, stage):
    job = clones.begin(actor, source, f"killed in {stage}")
    killed = _kill_in(plant, job, stage)
    until(lambda: not clones.refreshed(job).is_live, "the clone ends")
    clones.require_complete(source, job)
    assert job.outputs["transfer"]["way"] == plant.env["NSADMIN_TRANSFER_WAYS"]
    assert shards.snapshots(shared(), source.collection, 0) == []
    print(f"killed in {stage}: {killed}")


@pytest.mark.faults
def test_kills_at_random_are_survived(plant: Plant, actor, source):
    chance = random.Random(7)
    stages = ["points", "references", "verify"]
    for number in range(10):
        job = clones.begin(actor, source, f"clone {number}")
        _kill_in(plant, job, chance.choice(stages))
        until(lambda: not clones.refreshed(job).is_live, "the clone ends")  # noqa: B023
        clones.require_complete(source, job)
        assert shards.snapshots(shared(), source.collection, 0) == []
