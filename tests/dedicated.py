"""A cluster of one's own: an embedded Qdrant beside the shared one, and copies on it."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import Cluster, dedicated, shared
from nsadmin.stores.seal import Secret
from tests.embedded_servers import RunningQdrant, running_qdrant

KEY = "canary-key-of-a-dedicated-cluster"
READ_ONLY_KEY = "canary-key-that-may-only-read"
RAY = "ray://ray.northlight.example:10001"


@dataclass(frozen=True)
class OwnCluster:
    """The second Qdrant; the operator lists its address."""

    server: RunningQdrant

    @property
    def url(self) -> str:
        """Its address, the same over restarts."""
        return self.server.url

    @property
    def listed(self) -> str:
        """Its entry in NSADMIN_CLUSTER_HOSTS."""
        return f"{urlsplit(self.url).netloc}=*"

    @property
    def port(self) -> int:
        """Its port, which is a free one and not one of Qdrant's."""
        return urlsplit(self.url).port or 0

    @property
    def cluster(self) -> Cluster:
        """The cluster as nsadmin dials it."""
        return dedicated(self.url, Secret(KEY))

    def body(self, **more: object) -> dict[str, object]:
        """An infrastructure that runs here, as it is sent."""
        return {
            "compute_tier": "dedicated_cpu",
            "qdrant_url": self.url,
            "qdrant_api_key": KEY,
            "ray_head_node_url": RAY,
            **more,
        }

    def receive(self, namespace: Namespace, *, leave_out: int = 0) -> None:
        """Copy the namespace's collection here, as its operator would."""
        live = collections.get(shared(), namespace.collection)
        assert live is not None
        collections.create_like(self.cluster, namespace.collection, live.raw)
        rows, _ = points.page(shared(), namespace.collection, with_vectors=True)
        points.put(self.cluster, namespace.collection, rows[leave_out:])


@pytest.fixture(scope="session")
def _second_qdrant() -> Iterator[OwnCluster]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_qdrant(
            Path(folder), api_key=KEY, read_only_key=READ_ONLY_KEY
        ) as server,
    ):
        yield OwnCluster(server)


@pytest.fixture
def own_cluster(_second_qdrant: OwnCluster, settings) -> Iterator[OwnCluster]:
    """The second cluster, listed by the operator and empty afterwards."""
    settings.NSADMIN_CLUSTER_HOSTS = [_second_qdrant.listed]
    yield _second_qdrant
    settings.NSADMIN_CLUSTER_HOSTS = [_second_qdrant.listed]
    for name in collections.names(_second_qdrant.cluster):
        collections.drop(_second_qdrant.cluster, name)
