"""Every call of the product to a cluster meets every mode of a malicious one.

Each call ends with an error of ours, or with an answer that was judged, by its
deadline; the server cannot make it read more than the limit; a good answer afterwards
is read as always.
"""

import importlib
import inspect
import pkgutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest

from nsadmin.errors import NsadminError
from nsadmin.stores import qdrant
from nsadmin.stores.qdrant import (
    collections,
    connectivity,
    metrics,
    points,
    shards,
    telemetry,
    topology,
    write_limit,
)
from nsadmin.stores.qdrant.browsing import counting, reading
from nsadmin.stores.qdrant.browsing.reading import Asked
from nsadmin.stores.qdrant.bulk import learned_limits, payloads, raw_points
from nsadmin.stores.qdrant.bulk.payloads import PayloadWrite
from nsadmin.stores.qdrant.cluster import Cluster, client, dedicated
from nsadmin.stores.seal import Secret
from tests.hostile.cluster import HEALTHY, MODES, HostileCluster
from tests.hostile.cluster_answers import COLLECTION

DEADLINE_S = 0.15
# A mode meets one call in so many, each mode others; in `make faults` it meets all.
STEP = 3
# The machine may be busy; what hangs, hangs for ever.
SLACK_S = 60
LIMIT = 256 * 1024
# What the kernel takes from a sender before anybody has read it.
_BUFFERS = 8 * 1024 * 1024
SIXTY_THREE_BITS = 2**63

Call = Callable[[Cluster, float], Any]


def _asked(seconds: float) -> Asked:
    return Asked(where={}, limit=3, timeout_s=seconds, most_bytes=LIMIT)


VECTOR = {"size": 4, "distance": "Dot"}
# {call: how it is made with a number of seconds}
CALLS: dict[str, Call] = {
    "collections.get": lambda c, s: collections.get(c, COLLECTION, timeout_s=s),
    "collections.version": lambda c, s: collections.version(c, timeout_s=s),
    "collections.names": lambda c, _: collections.names(c),
    "collections.create": lambda c, _: collections.create(
        c, COLLECTION, {"v": (4, "dot")}
    ),
    "collections.create_like": lambda c, _: collections.create_like(
        c, COLLECTION, {"params": {"vectors": {"v": VECTOR}}}
    ),
    "collections.change": lambda c, _: collections.change(c, COLLECTION, {}),
    "collections.drop": lambda c, _: collections.drop(c, COLLECTION),
    "write_limit.restrict": lambda c, _: write_limit.restrict(c, COLLECTION),
    "write_limit.restore": lambda c, _: write_limit.restore(c, COLLECTION, {}),
    "collections.create_vector": lambda c, s: collections.create_vector(
        c, COLLECTION, "v", size=4, distance="dot", wait_s=s
    ),
    "collections.create_index": lambda c, s: collections.create_index(
        c, COLLECTION, "title", {"type": "keyword"}, wait_s=s
    ),
    "collections.drop_index": lambda c, s: collections.drop_index(
        c, COLLECTION, "title", wait_s=s
    ),
    "connectivity.reach": lambda c, s: connectivity.reach(
        c, COLLECTION, within_s=s, tries_write=True
    ),
    "points.count": lambda c, _: points.count(c, COLLECTION),
    "points.page": lambda c, _: points.page(c, COLLECTION, with_vectors=True),
    "points.pick": lambda c, s: points.pick(
        c, COLLECTION, limit=3, only=["title"], timeout_s=s
    ),
    "points.put": lambda c, _: points.put(c, COLLECTION, [{"id": 1, "vector": {}}]),
    "points.delete": lambda c, _: points.delete(c, COLLECTION, where={"must": []}),
    "points.delete_ids": lambda c, _: points.delete_ids(c, COLLECTION, [1]),
    "points.random_ids": lambda c, s: points.random_ids(
        c, COLLECTION, limit=3, timeout_s=s
    ),
    "raw_points.page": lambda c, _: raw_points.page(
        c, COLLECTION, offset=None, limit=3
    ),
    "raw_points.by_ids": lambda c, _: raw_points.by_ids(c, COLLECTION, [1, 2]),
    "payloads.merge": lambda c, _: payloads.merge(
        c, COLLECTION, [PayloadWrite((1, 2), b'{"a":null}')]
    ),
    "points.read_page": lambda c, _: points.read_page(c, COLLECTION),
    "reading.by_id": lambda c, s: reading.by_id(c, COLLECTION, _asked(s)),
    "reading.by_field": lambda c, s: reading.by_field(
        c, COLLECTION, _asked(s), key="rank", start_from=1
    ),
    "reading.random": lambda c, s: reading.random(c, COLLECTION, _asked(s)),
    "reading.nearest": lambda c, s: reading.nearest(
        c, COLLECTION, _asked(s), point=1, using="v"
    ),
    "counting.matching": lambda c, s: counting.matching(
        c, COLLECTION, {}, exact=True, timeout_s=s
    ),
    "counting.by_value": lambda c, s: counting.by_value(
        c, COLLECTION, "title", where={}, limit=5, exact=True, timeout_s=s
    ),
    "counting.with_vectors": lambda c, s: counting.with_vectors(
        c, COLLECTION, [1], ["v"], timeout_s=s
    ),
    "learned_limits.learn": lambda c, _: learned_limits.learn(c, COLLECTION),
    "topology.distribution": lambda c, _: topology.distribution(c),
    "topology.aliases": lambda c, _: topology.aliases(c, COLLECTION),
    "topology.shard_keys": lambda c, _: topology.shard_keys(c, COLLECTION),
    "topology.create_shard_key": lambda c, _: topology.create_shard_key(
        c, COLLECTION, "a"
    ),
    "layouts.layout": lambda c, s: shards.layout(c, COLLECTION, timeout_s=s),
    "snapshot_files.create_snapshot": lambda c, s: shards.create_snapshot(
        c, COLLECTION, 0, timeout_s=s
    ),
    "snapshot_files.snapshots": lambda c, s: shards.snapshots(
        c, COLLECTION, 0, timeout_s=s
    ),
    "snapshot_files.delete_snapshot": lambda c, s: shards.delete_snapshot(
        c, COLLECTION, 0, "a.snapshot", timeout_s=s
    ),
    "snapshot_files.recover": lambda c, s: shards.recover(
        c, COLLECTION, 0, location=f"{c.url}/a", checksum="0" * 64, timeout_s=s
    ),
    "streams.stream": lambda c, s: shards.stream(
        *(c, COLLECTION, c, COLLECTION, 0),
        on_bytes=lambda _: None,
        within_s=s,
        stall_s=s,
        most_bytes=LIMIT,
    ),
    "sizes.size_of": lambda c, s: telemetry.size_of(c, COLLECTION, timeout_s=s),
    "sizes.disk_of": lambda c, s: telemetry.disk_of(c, timeout_s=s),
    "telemetry.optimizations": lambda c, s: telemetry.optimizations(
        c, COLLECTION, timeout_s=s
    ),
    "telemetry.shards": lambda c, s: telemetry.shards(c, COLLECTION, timeout_s=s),
    "telemetry.count_with_vector": lambda c, s: telemetry.count_with_vector(
        c, COLLECTION, "v", timeout_s=s
    ),
    "metrics.counts": lambda c, s: metrics.counts(c, timeout_s=s, most_bytes=LIMIT),
    "telemetry.resources": lambda c, s: telemetry.resources(c, timeout_s=s),
}
# What takes a cluster and makes no call, or is a part of the calls above.
PARTS = {
    "cluster.client",
    "cluster.http",
    "exchange.call",
    "exchange.content",
    "learned_limits.batch_bytes",
    "learned_limits.known",
    "learned_limits.refuse_body",
    "learned_limits.remember",
    "page_sizes.scroll",
    "page_sizes.within_rules",
    "reports.get",
    "snapshot_files.snapshot_url",
    "writes.put",
    "writes.put_rows",
}


@pytest.fixture(scope="module")
def server() -> Iterator[HostileCluster]:
    with HostileCluster() as found:
        yield found


@pytest.fixture
def cluster(server: HostileCluster, settings: Any) -> Iterator[Cluster]:
    settings.NSADMIN_CLUSTER_HOSTS = [f"127.0.0.1:{server.port}=*"]
    settings.NSADMIN_CLUSTER_MAX_BYTES = LIMIT
    settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES = LIMIT
    found = dedicated(server.url, Secret("canary"))
    client(found)  # importing it takes longer than a call may
    yield found
    server.mode = HEALTHY


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(qdrant.__path__, f"{qdrant.__name__}."):
        yield importlib.import_module(found.name)


def _takes_a_cluster(function: Any) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(parameter.annotation is Cluster for parameter in parameters)


def test_every_public_call_is_in_the_table() -> None:
    public = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in _modules()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and _takes_a_cluster(function)
    }
    assert public - PARTS == set(CALLS) - {"points.put"}


@pytest.mark.parametrize("call", CALLS)
def test_a_good_answer_is_read(cluster: Cluster, call: str) -> None:
    CALLS[call](cluster, SLACK_S)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "endless cursor"])
def test_some_calls_survive(
    server: HostileCluster, cluster: Cluster, settings: Any, mode: str
) -> None:
    some = [*CALLS][MODES.index(mode) % STEP :: STEP]
    _require_survived(server, cluster, settings, mode, some)


@pytest.mark.faults
@pytest.mark.parametrize("mode", MODES)
def test_every_call_survives(
    server: HostileCluster, cluster: Cluster, settings: Any, mode: str
) -> None:
    _require_survived(server, cluster, settings, mode, CALLS)


def _require_survived(
    server: HostileCluster,
    cluster: Cluster,
    settings: Any,
    mode: str,
    names: Iterable[str],
) -> None:
    settings.NSADMIN_CLUSTER_DEADLINE_S = DEADLINE_S
    settings.NSADMIN_PLAN_TIMEOUT_S = DEADLINE_S
    server.mode = mode
    for name in names:
        server.sent, asked = 0, len(server.asked)
        began = time.monotonic()
        try:
            answer = CALLS[name](cluster, DEADLINE_S)
        except NsadminError as failure:
            answer = failure.message, failure.details
        _judge(answer, name)
        assert time.monotonic() - began < DEADLINE_S + SLACK_S, name
        # A page is asked for again with fewer points when its answer is too large.
        # The server may note a request a little later than its first bytes.
        requests = max(1, len(server.asked) - asked)
        assert server.sent <= requests * (LIMIT + _BUFFERS), name
    server.mode = HEALTHY
    found = collections.get(cluster, COLLECTION, timeout_s=SLACK_S)
    assert found is not None
    assert found.points == 3


def _judge(answer: Any, call: str) -> None:
    """Hold what came through to what SQL takes: 63 bits, short texts without NUL."""
    todo = [answer]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += [*value, *value.values()]
        elif isinstance(value, list | tuple):
            todo += value
        elif isinstance(value, str):
            assert len(value) <= 500, call
            assert "\0" not in value, call
        elif isinstance(value, int | float):
            assert 0 <= value < SIXTY_THREE_BITS
        elif hasattr(value, "__dataclass_fields__"):
            todo += [
                getattr(value, name)
                for name, field in value.__dataclass_fields__.items()
                if field.repr
            ]


def test_no_thread_is_left(server: HostileCluster, cluster: Cluster) -> None:
    server.mode = "drip"
    ours = _our_threads()
    for _ in range(5):
        found = connectivity.reach(
            cluster, COLLECTION, within_s=DEADLINE_S, tries_write=True
        )
        assert found.fault is not None
    assert _our_threads() == ours


def _our_threads() -> set[str]:
    """Return the threads that are not the server's own."""
    return {t.name for t in threading.enumerate() if "_serve" not in t.name}
