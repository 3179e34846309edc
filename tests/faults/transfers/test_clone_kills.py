"""Clones in each way, while workers and the server are killed by turns, at random."""

import itertools
import random
import time
from typing import Final

import pytest

from nsadmin.access.actor import Actor
from nsadmin.jobs.models import LIVE, Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.ways import ALL
from tests.faults import clones
from tests.faults.plant import Plant, until
from tests.faults.transfers import remains

EXTRACTORS: Final = (clones.FACES, "audio_fingerprint_extractor_v1")
# Clones that are under way at the same time.
_AT_ONCE: Final = 3
# A job that dies in one step more often is given up, as a step that kills its worker
# would be; so such a job is spared until it has come further.
_MOST_ATTEMPTS: Final = 2


class _Harm:
    """Kills a worker and the server by turns."""

    def __init__(self, plant: Plant, chance: random.Random) -> None:
        self._plant, self._chance = plant, chance
        self.done: list[str] = []
        self._turns = itertools.cycle((self._worker, self._server))
        self._next = next(self._turns)

    def strike(self) -> None:
        """Do the next harm, if anything is under way."""
        if self._next():
            self._next = next(self._turns)

    def _worker(self) -> bool:
        jobs = Job.objects.filter(
            state=State.RUNNING, attempts__lte=_MOST_ATTEMPTS
        ).values_list("owner", flat=True)
        running = {int(owner.split(":")[1]) for owner in jobs}
        victims = sorted(running & set(self._plant.workers.pids))
        if victims:
            self._plant.workers.kill(self._chance.choice(victims))
            self.done.append("worker")
        return bool(victims)

    def _server(self) -> bool:
        if not Job.objects.filter(state=State.RUNNING).exists():
            return False
        self._plant.qdrant.kill()
        time.sleep(self._chance.uniform(0, 0.5))
        self._plant.qdrant.restart()
        self.done.append("server")
        return True


def _live() -> int:
    return Job.objects.filter(state__in=LIVE).count()


def _clone_under_harm(
    actor: Actor, source: Namespace, harm: _Harm, chance: random.Random, kills: int
) -> list[Job]:
    """Clone as long as there are kills left, and wait until every clone has ended."""
    made: list[Job] = []
    wanted = len(harm.done) + kills
    while len(harm.done) < wanted:
        while _live() < _AT_ONCE:
            made.append(clones.begin(actor, source, f"{source.name} {len(made)}"))
        time.sleep(chance.uniform(0.1, 1.2))
        harm.strike()
    until(lambda: not _live(), "every clone ends", within_s=120)
    return made


def _kill(plant: Plant, kills: int, *, count: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    harm = _Harm(plant, chance)
    actor = plant.actor()
    begun = set(collections.names(shared()))
    for number, way in enumerate(ALL):
        plant.workers.employ(2, NSADMIN_TRANSFER_WAYS=[way])
        source = clones.make_source(actor, way, count=count, extractors=EXTRACTORS)
        share = kills // len(ALL) + (number < kills % len(ALL))
        made = _clone_under_harm(actor, source, harm, chance, share)
        for job in made:
            clones.require_complete(source, job)
            broken = job.events.filter(sentence__contains="error in nsadmin")
            assert [str(event) for event in broken] == []
        # Where a server died twice in one step, the way after it was taken.
        ways = [job.outputs["transfer"]["way"] for job in made]
        assert way in ways
        print(f"{way}: {len(made)} clones, by {ways}")
        begun |= {source.collection, *(job.namespace_id for job in made)}
        remains.require_none(shared(), begun)
        remains.require_no_staging(plant.qdrant_dir)
    assert len(harm.done) == kills


@pytest.mark.faults
def test_a_kill_in_each_of_the_three_ways_leaves_every_clone_right(
    plant: Plant,
) -> None:
    _kill(plant, 3, count=400)


@pytest.mark.faults
def test_a_hundred_kills_in_the_three_ways_leave_every_clone_right(
    plant: Plant,
) -> None:
    _kill(plant, 100, count=800)
