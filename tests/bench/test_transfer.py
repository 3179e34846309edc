"""Each way of a clone with its proof against an unverified loop, in one run.

NSADMIN_BENCH_POINTS and NSADMIN_BENCH_DIMENSIONS set the size, 20,000 x 768 by default;
NSADMIN_TEST_QDRANT_URL measures a real server.
"""

import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.migrate.migrate import migrate

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, points, shards
from nsadmin.stores.qdrant.cluster import client as qdrant
from nsadmin.stores.qdrant.cluster import shared
from tests.bench.rounds import TABLE, Row
from tests.clones.conftest import run_to_the_end
from tests.clones.sources import make_source, payload

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

COUNT = int(os.environ.get("NSADMIN_BENCH_POINTS", "20000"))
SIZE = int(os.environ.get("NSADMIN_BENCH_DIMENSIONS", "768"))
_PAGE = 100
_SENT = {"id", "vector", "payload"}


@pytest.fixture
def source(transactional_db, cast) -> Namespace:
    """A namespace of COUNT points whose only vector has SIZE dimensions."""
    namespace = make_source(cast.northlight, point_count=0, objects=20)
    cluster, name = shared(), namespace.collection
    collections.drop(cluster, name)
    collections.create(cluster, name, {"v": (SIZE, "cosine")})
    numbers = np.random.default_rng(7)
    for start in range(0, COUNT, 500):
        rows = numbers.standard_normal((min(500, COUNT - start), SIZE), "float32")
        batch = [
            {
                "id": start + n,
                "vector": {"v": row.tolist()},
                "payload": payload(namespace, start + n),
            }
            for n, row in enumerate(rows)
        ]
        points.put(cluster, name, batch)
    _wait_until_green(name)
    return namespace


@pytest.fixture
def target(source: Namespace) -> Iterator[str]:
    """The name of an empty collection like the source's."""
    name = f"{source.collection}_copy"
    shape = collections.get(shared(), source.collection)
    collections.create_like(shared(), name, shape.raw)
    yield name
    collections.drop(shared(), name)


def _wait_until_green(name: str) -> float:
    began = time.monotonic()
    while collections.get(shared(), name).status != "green":
        assert time.monotonic() - began < 900, "the collection is not green"
        time.sleep(0.2)
    return time.monotonic() - began


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _note(what: str, seconds: float, naive_s: float, wanted: str) -> None:
    """Add a line: points a second, and how often faster than the naive loop."""
    rate, peer = COUNT / seconds, COUNT / naive_s
    TABLE.append(
        Row(what, f"{rate:,.0f}/s", f"{peer:,.0f}/s", rate / peer, wanted, 0.0)
    )


def _naive(source: str, target: str) -> None:
    driver: QdrantClient = qdrant(shared())
    offset = None
    while True:
        page, offset = driver.scroll(
            source, limit=_PAGE, offset=offset, with_vectors=True
        )
        driver.upsert(
            target,
            [models.PointStruct(**p.model_dump(include=_SENT)) for p in page],
        )
        if offset is None:
            return


def _migrated(source: str) -> None:
    """Copy with qdrant_client's own tool, which keeps the name: into a local target."""
    driver: QdrantClient = qdrant(shared())
    migrate(driver, QdrantClient(":memory:"), [source], batch_size=_PAGE)


def _floor(source: str, target: str) -> None:
    """A snapshot and its recovery alone, without any proof."""
    cluster = shared()
    made = shards.create_snapshot(cluster, source, 0, timeout_s=600)
    where = shards.snapshot_url(cluster, source, 0, made.name)
    shards.recover(
        cluster, target, 0, location=where, checksum=made.checksum, timeout_s=600
    )
    shards.delete_snapshot(cluster, source, 0, made.name)


def _cloned(cast, source: Namespace, settings, way: str) -> Job:
    settings.NSADMIN_TRANSFER_WAYS = [way, "pages"]
    request = CloneRequest(f"by {way}")
    job = run_to_the_end(launch(cast.actor(), source.namespace_id, request).job)
    assert (job.state, job.error) == (State.DONE, "")
    assert job.outputs["transfer"]["way"] == way
    return job


def test_the_ways_of_a_clone(cast, source, target, settings):
    naive = _timed(lambda: _naive(source.collection, target))
    naive_green = _wait_until_green(target)
    _note(f"naive loop, {COUNT:,} x {SIZE}, unverified", naive, naive, "1")
    collections.drop(shared(), target)
    shape = collections.get(shared(), source.collection)
    collections.create_like(shared(), target, shape.raw)
    floor = _timed(lambda: _floor(source.collection, target))
    _note("snapshot and recovery alone", floor, naive, "-")
    _note("migrate of qdrant_client, unverified", *_peer(source, naive), "-")
    for way, wanted in (("snapshot", "> 4"), ("stream", "> 3"), ("pages", "> 1.5")):
        job = _cloned(cast, source, settings, way)
        seconds = (job.ended_at - job.started_at).total_seconds()
        green = _wait_until_green(job.namespace_id)
        _note(f"clone by {way}, verified", seconds, naive, wanted)
        print(f"{way}: green {green:.1f} s after its end; naive {naive_green:.1f} s")


def _peer(source: Namespace, naive: float) -> tuple[float, float]:
    return _timed(lambda: _migrated(source.collection)), naive
