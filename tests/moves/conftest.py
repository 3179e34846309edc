"""Namespaces that move: rows that threads can see, a second and a third cluster."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nsadmin.jobs.execution.runner import run_once
from nsadmin.jobs.models import FINAL, Job
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.change.commit import Outcome
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster, shared
from tests.cast import Cast, make_namespace
from tests.clones.conftest import run_to_the_end
from tests.dedicated import KEY, READ_ONLY_KEY, OwnCluster
from tests.embedded_servers import running_qdrant

COUNT = 60
SHARED = {"compute_tier": "shared"}


@dataclass
class Mover:
    """Moves one namespace of Northlight, and looks at what is where."""

    cast: Cast
    namespace: Namespace

    @property
    def raw(self) -> dict[str, Any]:
        """The stored document."""
        found = store.get(self.namespace.namespace_id)
        assert found is not None
        return found

    @property
    def now(self) -> Namespace:
        """The namespace as it is stored."""
        return document.read(self.raw)

    def tier(self) -> str:
        """The tier that is stored."""
        return self.now.tier

    @property
    def name(self) -> str:
        """The name of its collection."""
        return self.namespace.collection

    def begin(self, given: dict[str, Any], *, pause: bool = False) -> Outcome:
        """Accept the move; its job waits."""
        request = PatchRequest(
            parse_patch({"infrastructure": given}), pause_writes=pause
        )
        return changes.commit(self.cast.actor(), self.namespace.namespace_id, request)

    def move(self, given: dict[str, Any], *, pause: bool = False) -> Job:
        """Move the namespace in this process; the ended job comes back."""
        return run_to_the_end(job_of(self.begin(given, pause=pause)))

    def preview(self, given: dict[str, Any]) -> changes.Preview:
        """Return the plan."""
        patch = parse_patch({"infrastructure": given})
        return changes.preview(self.cast.actor(), self.namespace.namespace_id, patch)


def job_of(outcome: Outcome) -> Job:
    """Return the job of an accepted move."""
    assert outcome.task_id
    return Job.objects.get(job_id=outcome.task_id)


def content(cluster: Cluster, name: str) -> dict[Any, Any]:
    """Return every point of a collection with payload and vectors, by its id."""
    found: dict[Any, Any] = {}
    offset: Any = None
    while True:
        rows, offset = points.page(cluster, name, offset=offset, with_vectors=True)
        found |= {row["id"]: (row["payload"], row["vector"]) for row in rows}
        if offset is None:
            return found


def slices(job: Job, number: int) -> Job:
    """Run at most so many slices of a job, each up to its first checkpoint."""
    for _ in range(number):
        Job.objects.filter(job_id=job.job_id).update(run_after=job.created_at)
        run_once(job.job_id, slice_s=0)
        job.refresh_from_db()
        if job.state in FINAL:
            break
    return job


@pytest.fixture
def world(transactional_db: None, cast: Cast) -> Cast:
    """The cast, in a database that the heartbeat's thread shares."""
    return cast


@pytest.fixture
def mover(world: Cast) -> Iterator[Mover]:
    """A namespace with points and an index on the shared cluster."""
    namespace = make_namespace(
        world.northlight,
        "fleet photos",
        indexes={"rank": {"type": "integer"}},
        point_count=COUNT,
    )
    yield Mover(world, namespace)
    collections.drop(shared(), namespace.collection)


@pytest.fixture
def small(world: Cast) -> Iterator[Mover]:
    """The same with few points, so that its job has few checkpoints."""
    namespace = make_namespace(world.northlight, "a few photos", point_count=6)
    yield Mover(world, namespace)
    collections.drop(shared(), namespace.collection)


@pytest.fixture(scope="session")
def _third_qdrant() -> Iterator[OwnCluster]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_qdrant(
            Path(folder), api_key=KEY, read_only_key=READ_ONLY_KEY
        ) as server,
    ):
        yield OwnCluster(server)


@pytest.fixture
def third_cluster(
    _third_qdrant: OwnCluster, own_cluster: OwnCluster, settings: Any
) -> Iterator[OwnCluster]:
    """Another dedicated cluster beside `own_cluster`, empty afterwards."""
    listed = [own_cluster.listed, _third_qdrant.listed]
    settings.NSADMIN_CLUSTER_HOSTS = listed
    yield _third_qdrant
    settings.NSADMIN_CLUSTER_HOSTS = listed
    for name in collections.names(_third_qdrant.cluster):
        collections.drop(_third_qdrant.cluster, name)
