"""Stores for clones: rows that threads can see, and collections that are dropped."""

from collections.abc import Callable, Iterator

import pytest

from nsadmin.clones.request import CloneRequest
from nsadmin.clones.start import launch
from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import FINAL, Job, State
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast
from tests.clones.independent import Proxy, Reader
from tests.clones.sources import make_source


@pytest.fixture
def world(transactional_db: None, cast: Cast) -> Iterator[Cast]:
    """The cast, in a database that the heartbeat's thread shares."""
    yield cast
    for job in Job.objects.exclude(namespace_id=""):
        if collections.get(shared(), job.namespace_id) is not None:
            collections.drop(shared(), job.namespace_id)


@pytest.fixture
def by_pages(world: Cast, settings) -> None:
    """Points come in pages alone, so that a proxy sees each of them.

    The settings are asked for after the world, so that they are restored before it goes.
    """
    settings.NSADMIN_TRANSFER_WAYS = ["pages"]


@pytest.fixture
def source(world: Cast) -> Namespace:
    """A namespace of Northlight with everything in it."""
    return make_source(world.northlight)


@pytest.fixture
def reader(settings) -> Iterator[Reader]:
    """A reader of the shared cluster that shares no code with the product."""
    made = Reader(settings.NSADMIN_QDRANT_URL, settings.NSADMIN_QDRANT_API_KEY)
    yield made
    made.close()


@pytest.fixture
def plain(world: Cast, reader: Reader) -> Namespace:
    """A namespace whose collection has one vector named v and no points."""
    made = make_source(world.northlight, point_count=0, objects=1)
    reader.remake(made.collection, {"vectors": {"v": {"size": 4, "distance": "Dot"}}})
    return made


@pytest.fixture
def clone(world: Cast) -> Callable[[Namespace], Job]:
    """Clone a namespace in this process; the ended job comes back."""

    def run(source: Namespace) -> Job:
        request = CloneRequest("staging")
        return run_to_the_end(launch(world.actor(), source.namespace_id, request).job)

    return run


@pytest.fixture
def proxy(settings, reader: Reader) -> Iterator[Proxy]:
    """A proxy before the shared cluster, which the product calls from now on."""
    with Proxy(settings.NSADMIN_QDRANT_URL).running() as made:
        settings.NSADMIN_QDRANT_URL = made.url
        yield made


def require_verified(job: Job) -> None:
    """The job's report compares the counts of all copied kinds, and all are equal."""
    report = job.outputs["proof"]
    titles = {row["what"] for row in report}
    assert {"Buckets", "Objects", "References to the source in the clone"} <= titles
    if job.inputs["include_resources"]["collections"]:
        whole = {"Digest of ids and payloads", "Vectors of sampled points, bit by bit"}
        assert "Digest of ids, payloads and vectors" in titles or whole <= titles
    assert [row for row in report if not row["equal"]] == []


def run_to_the_end(job: Job, *, slice_s: float = 20.0) -> Job:
    """Run slices in this process until the job has ended; return it as it is then."""
    for _ in range(500):
        run_once(job.job_id, slice_s=slice_s)
        job.refresh_from_db()
        if job.state in FINAL:
            return job
        assert job.state == State.QUEUED
        Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
    raise AssertionError("The job does not end.")
