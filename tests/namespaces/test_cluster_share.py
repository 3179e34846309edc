"""The work on each customer's cluster is a message of its own, in a queue of its own."""

import socket
from datetime import timedelta
from queue import Empty

import pytest
from django.utils import timezone

from nsadmin.audit import record
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.record import RecordedActor
from nsadmin.celery import app
from nsadmin.health import tasks as health_tasks
from nsadmin.health.sampling import cluster_probe, resting
from nsadmin.jobs import items
from nsadmin.jobs.queues import CLUSTERS
from nsadmin.namespaces import tasks
from nsadmin.namespaces.change import recovery
from nsadmin.namespaces.models import (
    ClusterReading,
    HealingTurn,
    LastLook,
    MirroredNamespace,
)
from nsadmin.namespaces.placement.cluster_share import (
    SHARED,
    ClusterShare,
    dedicated_ids,
    dedicated_urls,
    of_share,
)
from nsadmin.namespaces.placement.job_queue import max_concurrent_jobs
from nsadmin.namespaces.schema import document
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.health.nights import night


@pytest.fixture
def hanging(settings):
    """A cluster that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        settings.NSADMIN_CLUSTER_HOSTS = [f"{place}=*"]
        yield f"http://{place}"


@pytest.fixture
def on_it(cast, hanging):
    """A namespace on the hanging cluster."""
    infrastructure = {"compute_tier": "dedicated_cpu", "qdrant_url": hanging}
    return make_namespace(
        cast.northlight, "on it", in_qdrant=False, infrastructure=infrastructure
    )


def queued(queue: str) -> list[str]:
    """The tasks of the messages in a queue, which is empty afterwards."""
    found = []
    with app.connection_for_read() as connection:
        waiting = connection.SimpleQueue(queue)
        while (message := _next(waiting)) is not None:
            message.ack()
            found.append(message.headers["task"])
    return found


def _next(waiting):
    try:
        return waiting.get(block=False)
    except Empty:
        return None


def looked_at() -> set[str]:
    return set(LastLook.objects.values_list("namespace_id", flat=True))


def test_the_shared_cluster_is_sampled_without_asking_a_hanging_one(cast, on_it):
    health_tasks.sample()
    assert cast.own.namespace_id in looked_at()
    assert on_it.namespace_id not in looked_at()
    assert queued(CLUSTERS) == ["nsadmin.health.sample_cluster"]


def test_a_calm_cluster_rests_between_two_turns(cast, hanging, on_it):
    now = timezone.now()
    reading = ClusterReading.objects.create(url=hanging, turn_at=now)
    health_tasks.sample()
    assert queued(CLUSTERS) == []
    known = cluster_probe.known()
    for name, value in (
        ("turn_at", now - timedelta(seconds=15)),
        ("silent_since", now),
        ("due_since", now),
    ):
        before = getattr(reading, name)
        ClusterReading.objects.update(**{name: value})
        assert resting.awake(known) == [hanging], name
        ClusterReading.objects.update(**{name: before})
        assert resting.awake(known) == [], name
    ephemeral.watch(cast.own.namespace_id, seconds=10)
    assert resting.awake(known) == []
    ephemeral.watch(on_it.namespace_id, seconds=10)
    assert resting.awake(known) == [hanging]


def known_as_silent() -> set[str]:
    rows = MirroredNamespace.objects.exclude(health_since=None)
    return set(rows.values_list("namespace_id", flat=True))


def test_its_own_message_finds_it_silent(cast, hanging, on_it):
    health_tasks.sample_cluster(hanging)
    assert known_as_silent() == {on_it.namespace_id}
    assert ClusterReading.objects.get(url=hanging).silent_since is not None


def test_one_process_at_a_time_works_on_a_cluster(cast, hanging, on_it):
    redis.claim(f"nsadmin.health.sample_cluster:{hanging}", milliseconds=60_000)
    health_tasks.sample_cluster(hanging)
    assert known_as_silent() == set()
    redis.release(f"nsadmin.health.sample_cluster:{hanging}")
    health_tasks.sample_cluster(hanging)
    health_tasks.sample_cluster(hanging)
    assert known_as_silent() == {on_it.namespace_id}


def test_a_run_that_ends_closes_no_row_of_a_loop_within_it(cast, hanging, on_it):
    items.record("sample", "cluster", hanging, "It failed.")
    redis.claim(f"probe:{hanging}", milliseconds=60_000)  # another process asks it
    health_tasks.sample_cluster(hanging)
    assert known_as_silent() == set()
    assert items.failures_of("cluster", hanging).get().loop == "sample"


def test_drift_compares_each_share_alone(cast, hanging, on_it):
    assert night(ClusterShare(hanging)).silent == 1
    assert looked_at() == {on_it.namespace_id}
    assert night(SHARED).silent == 0
    assert health_tasks.drift() is None
    assert queued(CLUSTERS) == ["nsadmin.health.drift_cluster"]


def test_a_namespace_without_a_valid_address_is_nobodys_but_the_shared_run(cast):
    lost = make_namespace(
        cast.northlight,
        "lost",
        in_qdrant=False,
        infrastructure={"compute_tier": "dedicated_cpu", "qdrant_url": "not a url"},
    )
    assert dedicated_ids([lost.namespace_id]) == {}
    assert SHARED.covers(document.read(store.get(lost.namespace_id)))


def leave_open(cast, op_id, namespace):
    record.attempt(
        op_id=op_id,
        action="namespace:update",
        summary="x",
        actor=RecordedActor("user", "1", "mara"),
        organization_id=cast.northlight.organization_id,
        namespace_id=namespace.namespace_id,
        revision=9,
    )
    long_ago = timezone.now() - timedelta(minutes=5)
    AuditEvent.objects.filter(op_id=op_id).update(at=long_ago)


def test_a_tombstone_alone_on_its_cluster_is_healed_there(cast, hanging, on_it):
    leave_open(cast, "op_gone", on_it)
    rows = MirroredNamespace.objects.filter(pk=on_it.namespace_id)
    rows.update(deleted_at=timezone.now())
    assert not of_share(rows, SHARED).exists()
    tasks.heal()
    assert AuditEvent.objects.get(op_id="op_gone").outcome == "attempted"
    assert queued(CLUSTERS) == ["nsadmin.namespaces.heal_cluster"]
    tasks.heal_cluster(hanging)
    assert AuditEvent.objects.get(op_id="op_gone").outcome == "failed"
    # Nothing else is done on the cluster of a tombstone alone.
    assert dedicated_urls() == []


def test_an_attempt_that_its_row_puts_into_a_wrong_share_waits(cast, on_it):
    leave_open(cast, "op_behind", on_it)
    rows = MirroredNamespace.objects.filter(pk=on_it.namespace_id)
    rows.update(tier="shared", cluster_url="")
    assert recovery.heal(SHARED) == 0
    assert HealingTurn.objects.get().op_id == "op_behind"


def test_heal_leaves_a_dedicated_clusters_changes_to_its_own_run(cast, hanging, on_it):
    for number, namespace in enumerate((on_it, cast.own)):
        leave_open(cast, f"op_{number}", namespace)
    assert recovery.dedicated_clusters() == [hanging]
    tasks.heal()
    outcomes = dict(AuditEvent.objects.values_list("op_id", "outcome"))
    assert (outcomes["op_0"], outcomes["op_1"]) == ("attempted", "failed")
    assert queued(CLUSTERS) == ["nsadmin.namespaces.heal_cluster"]
    tasks.heal_cluster(hanging)
    assert AuditEvent.objects.get(op_id="op_0").outcome == "failed"
    assert recovery.dedicated_clusters() == []


def test_two_heals_at_once_are_one(cast):
    redis.claim("heal:", milliseconds=60_000)
    assert recovery.heal(SHARED) == 0
    redis.release("heal:")
    recovery.heal(SHARED)
    assert redis.claim("heal:", milliseconds=1000)


@pytest.mark.parametrize(
    ("stored", "allowed"),
    [(3, 3), (0, None), (-1, None), ("3", None), (True, None), (10**40, None)],
)
def test_an_odd_number_of_jobs_is_no_limit(cast, stored, allowed):
    raw = {**cast.own.raw, "infrastructure": {"max_concurrent_jobs": stored}}
    assert max_concurrent_jobs(document.read(raw)) == allowed
