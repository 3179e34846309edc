"""The memory of a worker does not grow with the number of points, in any way."""

import random
import time
from pathlib import Path
from typing import Final

import pytest

from nsadmin.access.actor import Actor
from nsadmin.jobs.models import State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer.ways import ALL, Way
from tests.clones.sources import Names
from tests.faults import clones
from tests.faults.plant import Plant, until

FEW: Final = 10_000
MANY: Final = 200_000
MOST_GROWTH_MB: Final = 50
_SIZE: Final = 64
_BATCH: Final = 2_000


def _fill(namespace: Namespace, numbers: range) -> None:
    """Write small points that refer to their namespace and a bucket of it."""
    names, chance = Names(namespace.namespace_id), random.Random(numbers.start)
    for start in range(numbers.start, numbers.stop, _BATCH):
        some = [
            {
                "id": number,
                "vector": {"v": [chance.random() for _ in range(_SIZE)]},
                "payload": {
                    "namespace_id": names.namespace,
                    "bucket_id": (names.bucket, names.archive)[number % 2],
                    "title": f"record {number}",
                },
            }
            for number in range(start, min(start + _BATCH, numbers.stop))
        ]
        points.put(shared(), namespace.collection, some)


def _peak_mb(pid: int) -> float:
    """The most memory that a process has ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _measure(plant: Plant, actor: Actor, source: Namespace, way: Way) -> float:
    """Clone with a worker that has done nothing before; return its peak."""
    plant.workers.employ(1, NSADMIN_TRANSFER_WAYS=[way])
    counted = points.count(shared(), source.collection)
    began = time.monotonic()
    job = clones.begin(actor, source, f"{way} {counted}")
    until(lambda: not clones.refreshed(job).is_live, "the clone ends", within_s=1200)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["transfer"]["way"] == way
    assert job.outputs["cloned_resources"]["points"] == counted
    peak = _peak_mb(plant.workers.pids[0])
    seconds = time.monotonic() - began
    print(f"{way}, {counted:,} points: {peak:.0f} MB, {seconds:.0f} s", flush=True)
    collections.drop(shared(), job.namespace_id)
    return peak


@pytest.mark.faults
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(),
    reason="only Linux reports the memory of a process in /proc",
)
def test_memory_is_flat_from_ten_to_two_hundred_thousand_points(plant: Plant) -> None:
    actor = plant.actor()
    source = clones.make_source(actor, "many", count=0)
    collections.drop(shared(), source.collection)
    collections.create(shared(), source.collection, {"v": (_SIZE, "cosine")})
    _fill(source, range(1, FEW + 1))
    few = {way: _measure(plant, actor, source, way) for way in ALL}
    _fill(source, range(FEW + 1, MANY + 1))
    many = {way: _measure(plant, actor, source, way) for way in ALL}
    growth = {way: many[way] - few[way] for way in ALL}
    assert max(growth.values()) <= MOST_GROWTH_MB, growth
