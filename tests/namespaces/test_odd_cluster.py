"""A customer's cluster that answers badly: what is stored, who waits, who may dial it."""

import pytest

from nsadmin.access.organization.organizations import owner_of
from nsadmin.errors import Invalid, NsadminError, Unavailable
from nsadmin.health.sampling import cluster_probe
from nsadmin.namespaces.change import commit as changes
from nsadmin.namespaces.models import LastLook
from nsadmin.namespaces.placement import clusters
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores import redis
from nsadmin.stores.qdrant.answers import MalformedAnswer
from tests.cast import make_namespace
from tests.dedicated import KEY, RAY
from tests.hostile.cluster import HEALTHY, HostileCluster

SLOW = "Qdrant answers too slowly."
NOT_QDRANT = "The cluster answers with something that is not Qdrant's."


@pytest.fixture
def server(settings):
    with HostileCluster() as found:
        settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{found.port}=*"]
        settings.NSADMIN_PLAN_TIMEOUT_S = settings.NSADMIN_PAGE_TIMEOUT_S = 20
        yield found


@pytest.fixture
def on_it(cast, server):
    """A namespace whose cluster is the malicious one."""
    infrastructure = {"compute_tier": "dedicated_cpu", "qdrant_url": server.url}
    return make_namespace(
        cast.northlight, "on it", in_qdrant=False, infrastructure=infrastructure
    )


def forget_try(server):
    """Let the five seconds pass in which one request tries a silent cluster."""
    redis.release(f"try:{server.url}")


@pytest.mark.parametrize("mode", ["drip", "dripping headers", "drip in chunks"])
def test_a_slow_cluster_is_called_slow_and_waited_for_by_one_alone(on_it, server, mode):
    server.mode = mode
    found = probe.probe_collection(on_it, timeout_s=0.3)
    assert (found.ok, found.error) == (False, SLOW)
    assert probe.cluster_silence(server.url) == SLOW
    redis.claim(f"try:{server.url}", milliseconds=60_000)  # another one tries it now
    asked = len(server.asked)
    assert probe.snapshot(on_it).error == SLOW
    with pytest.raises(Unavailable, match=SLOW):
        probe.actual_collection(on_it)
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    "mode", ["html", "deep", "gzip bomb", "empty result", "20,000 fields"]
)
def test_a_cluster_that_is_not_qdrant_is_called_so(on_it, server, mode):
    server.mode = mode
    with pytest.raises(MalformedAnswer):
        probe.actual_collection(on_it)
    assert probe.cluster_silence(server.url) == NOT_QDRANT
    redis.claim(f"try:{server.url}", milliseconds=60_000)
    with pytest.raises(Unavailable, match="not Qdrant"):
        probe.actual_collection(on_it)
    server.mode = HEALTHY
    forget_try(server)
    assert probe.actual_collection(on_it).points == 3
    assert probe.cluster_silence(server.url) == ""


@pytest.mark.parametrize("text", ["1" + "0" * 40, "NaN", "1e999", "-3", '"12"'])
def test_no_odd_number_is_stored(on_it, server, text):
    good = probe.probe_collection(on_it, timeout_s=20)
    assert good.live.points == 3
    server.mode = f"number {text}"
    found = probe.probe_collection(on_it, timeout_s=20)
    assert not found.ok
    row = LastLook.objects.get(namespace_id=on_it.namespace_id)
    assert row.live["points"] == 3
    assert row.live_at == good.live_at


def test_a_cluster_that_answers_badly_is_silent_to_the_samples(on_it, server):
    server.mode = "list"
    (cluster,) = (c for c in cluster_probe.known() if not c.is_shared)
    (found,) = cluster_probe.probe([cluster])
    assert found.silence == "The server at this address is not Qdrant."


# Whose it is -------------------------------------------------------------------------


def body(server):
    return {
        "compute_tier": "dedicated_cpu",
        "qdrant_url": server.url,
        "qdrant_api_key": KEY,
        "ray_head_node_url": RAY,
    }


def test_an_organization_is_not_put_on_the_cluster_of_another(cast, server, settings):
    other = cast.foreign.internal_id
    listed = owner_of(other).organization_id
    settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{server.port}={listed}"]
    patch = parse_patch({"infrastructure": body(server)})
    with pytest.raises(Invalid) as refused:
        changes.commit(cast.actor(), cast.own.namespace_id, patch)
    assert set(refused.value.errors) == {"infrastructure.qdrant_url"}
    assert server.connections == 0


def test_nor_by_another_writer(on_it, server, settings):
    """Its document names the cluster already."""
    settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{server.port}=org_of_another"]
    assert not probe.probe_collection(on_it, timeout_s=20).ok
    with pytest.raises(NsadminError):
        probe.actual_collection(on_it)
    assert all(cluster.is_shared for cluster in cluster_probe.known())
    assert server.connections == 0


def test_its_own_organization_is(on_it, server, settings, cast):
    organization_id = owner_of(on_it.internal_id).organization_id
    settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{server.port}={organization_id}"]
    assert probe.actual_collection(on_it).points == 3
    assert clusters.cluster_of(on_it).organization_id == organization_id
