"""Collections to be transferred, and a job whose slices a test runs and breaks."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from nsadmin.jobs.execution.context import JobContext
from nsadmin.jobs.execution.lease import claim
from nsadmin.jobs.execution.progress import Progress, Stage
from nsadmin.jobs.models import Job
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.transfer import transfer
from nsadmin.transfer.session import Rewrite, Session, unchanged
from nsadmin.transfer.site import Site
from nsadmin.transfer.transfer import Result
from nsadmin.transfer.ways import ALL, Way
from tests.cast import COLLECTION_PREFIX
from tests.clones.independent import Proxy, Reader
from tests.dedicated import KEY, OwnCluster
from tests.transfer.shapes import SHAPES, Shape

STAGE = "points"
_STAGES = [Stage(key=STAGE, title="Points", unit="points", weight=1)]


class Killed(BaseException):
    """The worker died at a checkpoint."""


def new_name() -> str:
    """A collection's name that is this run's own."""
    return f"{COLLECTION_PREFIX}{secrets.token_hex(5)}"


@dataclass
class Work:
    """One transfer over all its slices, from a job that is really in the database.

    `dies_at` is the number of the checkpoint at which the worker dies, with
    `saves_first` after it was written.
    """

    source: Site
    target: Site
    ways: tuple[Way, ...] = ALL
    rewrite: Rewrite = unchanged
    every_s: float = 0.0
    slice_s: float = 100.0
    dies_at: int = 0
    saves_first: bool = True
    saves: int = 0
    made: int = 0
    job: Job = field(init=False)

    def __post_init__(self) -> None:
        self.job = Job.objects.create(
            kind="clone",
            title="A transfer",
            organization_id="org_x",
            internal_id="int_x",
            actor_kind="user",
            actor_id="u",
            actor_label="u",
            progress=Progress(_STAGES).to_json(),
        )
        lease = claim(self.job.job_id, 0)
        assert lease is not None
        self.lease = lease

    def session(self) -> Session:
        """A new slice, which knows only what is in the database."""
        self.job.refresh_from_db()
        context = JobContext(self.job, self.lease, slice_s=self.slice_s)

        def save() -> None:
            self.saves += 1
            dies = self.saves == self.dies_at
            if not dies or self.saves_first:
                context.checkpoint()
            if dies:
                raise Killed

        return Session(
            job=context,
            source=self.source,
            target=self.target,
            stage=STAGE,
            save=save,
            make=self.make,
            rewrite=self.rewrite,
            ways=self.ways,
            every_s=self.every_s,
        )

    def make(self) -> None:
        """Make the target like the source, with its indexes."""
        self.made += 1
        live = collections.get(self.source.cluster, self.source.collection)
        there = self.target.cluster, self.target.collection
        if live is None or collections.get(*there) is not None:
            return
        collections.create_like(*there, live.raw)
        for name, index in live.indexes.items():
            params = {k: v for k, v in index.params.items() if v is not None}
            collections.create_index(*there, name, {**params, "type": index.type})

    def run(self) -> Result:
        """Run a slice to its end."""
        return transfer.run(self.session())

    def left_behind(self) -> list[str]:
        """The snapshots of shards that the source still has."""
        from nsadmin.stores.qdrant import shards

        layout = shards.layout(self.source.cluster, self.source.collection) or []
        return [
            found.name
            for shard in layout
            for found in shards.snapshots(
                self.source.cluster, self.source.collection, shard.id
            )
        ]


@pytest.fixture
def reader(stores: Any, settings: Any) -> Iterator[Reader]:
    """A reader of the shared cluster that shares no code with the product."""
    made = Reader(settings.NSADMIN_QDRANT_URL, settings.NSADMIN_QDRANT_API_KEY)
    yield made
    made.close()


@pytest.fixture
def far(own_cluster: OwnCluster) -> Iterator[Reader]:
    """A reader of the second cluster."""
    made = Reader(own_cluster.url, KEY)
    yield made
    made.close()


Fill = Callable[..., Site]


@pytest.fixture
def filled(transactional_db: None, reader: Reader) -> Fill:
    """Make a collection of some shape with points on the shared cluster."""

    def fill(shape: str = "plain", *, count: int = 40, **body: Any) -> Site:
        name, made = new_name(), SHAPES[shape]
        reader.ask("PUT", f"/collections/{name}", {**made.body, **body})
        put(reader, name, made, range(count))
        return Site(shared(), name)

    return fill


def put(reader: Reader, name: str, shape: Shape, numbers: range) -> None:
    """Write points of a shape."""
    for start in range(numbers.start, numbers.stop, 200):
        some = range(start, min(start + 200, numbers.stop))
        body = {"points": [shape.point(number) for number in some]}
        reader.ask("PUT", f"/collections/{name}/points?wait=true", body)


@pytest.fixture
def beside() -> Callable[[Site], Site]:
    """A place for the target on the cluster of the source."""
    return lambda source: Site(source.cluster, new_name())


@pytest.fixture
def proxy(settings: Any, reader: Reader) -> Iterator[Proxy]:
    """A proxy before the shared cluster, which the product calls from now on."""
    with Proxy(settings.NSADMIN_QDRANT_URL).running() as made:
        settings.NSADMIN_QDRANT_URL = made.url
        yield made
