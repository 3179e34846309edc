"""A process that hangs on a customer's cluster is killed, and another one goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from nsadmin.access.models import Organization
from nsadmin.health.nightly import passes
from nsadmin.jobs.queues import CLUSTERS
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement.cluster_share import ClusterShare
from tests.cast import make_namespace
from tests.faults.plant import Plant, send, until
from tests.hostile.cluster import HEALTHY, HostileCluster

# The hard limit of this message, far below the time for which its call may wait.
LIMIT_S = 4
WAITS_S = 120


@pytest.fixture(scope="module")
def hostile() -> Iterator[HostileCluster]:
    with HostileCluster("never") as found:
        yield found


@pytest.fixture(scope="module")
def plant_env(hostile: HostileCluster) -> dict[str, str]:
    """Calls that wait long, so that only the limit can end them."""
    return {
        "NSADMIN_CLUSTER_HOSTS": f"127.0.0.1:{hostile.port}=*",
        "NSADMIN_SAMPLE_TIMEOUT_S": str(WAITS_S),
    }


def _children(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def test_a_hanging_process_is_killed_and_its_successor_works(
    plant: Plant, hostile: HostileCluster, settings
):
    settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{hostile.port}=*"]
    actor = plant.actor()
    namespace = make_namespace(
        Organization.objects.get(organization_id=actor.organization_id),
        "on it",
        in_qdrant=False,
        infrastructure={"compute_tier": "dedicated_cpu", "qdrant_url": hostile.url},
    )
    options = ("--pool", "prefork", "--concurrency", "1")
    worker = plant.workers.start_queue(CLUSTERS, *options)
    until(lambda: _children(worker), "the worker has a process")
    send(
        "nsadmin.health.sample_cluster",
        hostile.url,
        soft_time_limit=LIMIT_S / 2,
        time_limit=LIMIT_S,
    )
    until(lambda: hostile.asked, "the process waits for the cluster")
    (hanging,) = _children(worker)
    os.kill(hanging, signal.SIGSTOP)  # deaf to the request to stop
    hostile.mode = HEALTHY
    passes.begin(ClusterShare(hostile.url))
    send("nsadmin.health.drift_cluster", hostile.url)
    took = until(
        LastLook.objects.filter(pk=namespace.namespace_id, ok=True).exists,
        "the next process looks at the namespace",
        within_s=WAITS_S / 2,
    )
    print(f"The next task was done {took:.1f} s after the first one hung.")
    assert hanging not in _children(worker)
    assert len(_children(worker)) == 1
