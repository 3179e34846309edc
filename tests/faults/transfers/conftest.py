"""A second server for moves, and a plant whose workers know it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dedicated import KEY, OwnCluster
from tests.embedded_servers import running_qdrant
from tests.faults.plant import Plant
from tests.faults.transfers.moving import QUEUES, Route


@pytest.fixture(scope="module")
def new_dir() -> Iterator[Path]:
    """The data directory of the second server."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def new_cluster(new_dir: Path) -> Iterator[OwnCluster]:
    """A second server, which a test may kill."""
    with running_qdrant(new_dir, api_key=KEY) as server:
        yield OwnCluster(server)


@pytest.fixture
def route(
    plant: Plant, new_cluster: OwnCluster, new_dir: Path, settings
) -> Iterator[Route]:
    """Both servers with two new workers; the test's file lists the second one."""
    settings.NSADMIN_CLUSTER_HOSTS = [new_cluster.listed]
    plant.workers.employ(2, queues=QUEUES)
    yield Route(plant, new_cluster, new_dir)
    plant.workers.employ(0)
