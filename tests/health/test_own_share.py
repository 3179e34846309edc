"""The run on one dedicated cluster reads the rows at its address, and no others."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.health.sampling import cluster_probe
from nsadmin.health.sampling.counting import count
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import ClusterReading, MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import SHARED, ClusterShare
from nsadmin.stores import redis
from tests.cast import Cast, make_namespace
from tests.health import odd_cluster
from tests.health.odd_cluster import OddCluster


@pytest.fixture
def odd(cast, settings) -> Iterator[OddCluster]:
    """A dedicated cluster that the operator lists."""
    with odd_cluster.running() as cluster:
        settings.NSADMIN_CLUSTER_HOSTS = [cluster.listed]
        yield cluster


def put(cast: Cast, name: str, address: str) -> None:
    place = {"compute_tier": "dedicated_cpu", "qdrant_url": address}
    make_namespace(cast.northlight, name, in_qdrant=False, infrastructure=place)


def members(url: str) -> int:
    (found,) = (
        at for cluster, at in cluster_probe.known(url).items() if cluster.url == url
    )
    return found.count()


def test_clusters_of_others_cost_a_run_on_one_nothing(cast, odd):
    put(cast, "own", odd.url)

    def statements() -> list[str]:
        redis.release(f"probe:{odd.url}")
        ClusterReading.objects.update(tried_at=None)
        with CaptureQueriesContext(connection) as queries:
            sample(ClusterShare(odd.url))
            count(ClusterShare(odd.url))
        return [query["sql"] for query in queries]

    statements()
    before = statements()
    for number in range(20):
        put(cast, f"other {number}", f"https://other{number}.example:6333")
    after = statements()
    assert len(after) <= len(before)
    assert not [sql for sql in after if ".example" in sql]
    assert len(cluster_probe.known(odd.url)) == 2
    assert len(cluster_probe.known()) == 22


def test_a_run_on_one_leaves_the_rows_of_others(cast, odd):
    put(cast, "own", odd.url)
    sample(SHARED)
    sample(ClusterShare(odd.url))
    assert ClusterReading.objects.count() == 2
    MirroredNamespace.objects.filter(name="own").delete()
    sample(ClusterShare(odd.url))
    assert ClusterReading.objects.count() == 2
    sample(SHARED)
    assert ClusterReading.objects.count() == 1


def test_other_spellings_of_the_address_belong_to_it(cast, odd, settings):
    put(cast, "own", odd.url)
    put(cast, "with a slash", f"{odd.url}/")
    assert members(odd.url) == 2
    put(cast, "in capitals", odd.url.replace("http", "HTTP"))
    sample(SHARED)
    assert members(odd.url) == 3


@pytest.mark.parametrize(
    ("stored", "port"), [("https://one.example", 443), ("http://one.example/", 80)]
)
def test_an_address_need_not_name_the_port(cast, settings, stored, port):
    settings.NSADMIN_CLUSTER_PORTS = [port]
    put(cast, "own", stored)
    assert members(f"{urlsplit(stored).scheme}://one.example:{port}") == 1
