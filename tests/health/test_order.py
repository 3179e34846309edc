"""What hangs is asked late: it neither ends a turn before the others, nor each other."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.health.sampling import order
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import ClusterReading, LastLook, MirroredNamespace
from nsadmin.namespaces.placement.members import SHARED_MEMBERS
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant.cluster import shared
from tests.bench.peers.synthetic import described
from tests.health import odd_cluster
from tests.health.odd_cluster import OddCluster

LATE = timedelta(seconds=100)


@pytest.fixture
def odd(cast, settings) -> Iterator[OddCluster]:
    """A shared cluster whose collections answer unless they hang."""
    with odd_cluster.running() as cluster:
        settings.NSADMIN_QDRANT_URL = cluster.url
        settings.NSADMIN_SAMPLE_TIMEOUT_S = 0.3
        for row in rows():
            cluster.answers[f"/collections/{row.collection}"] = described(3)
        yield cluster


def rows() -> list[MirroredNamespace]:
    return list(MirroredNamespace.objects.order_by("pk"))


def hang(odd: OddCluster, some: list[MirroredNamespace]) -> None:
    odd.hangs = {f"/collections/{row.collection}" for row in some}


def turn() -> dict[str, bool]:
    """Let a turn come; return {asked in it: whether it answered}."""
    redis.release(f"probe:{shared().url}")
    for row in rows():
        redis.release(f"look:{row.pk}")
    began = timezone.now()
    sample()
    asked = LastLook.objects.filter(taken_at__gte=began)
    return dict(asked.values_list("pk", "ok"))


def test_watched_namespaces_that_hang_do_not_end_a_turn_before_the_others(odd):
    *hanging, other = rows()
    for row in hanging:
        ephemeral.watch(row.pk, seconds=30)
    hang(odd, hanging)
    turn()
    for _ in range(2):
        MirroredNamespace.objects.update(next_look_at=timezone.now() - LATE)
        assert turn() == {other.pk: True} | {row.pk: False for row in hanging}


def test_those_that_hang_are_asked_by_turns(odd):
    hang(odd, rows())
    found = set[str]()
    for _ in range(2):
        MirroredNamespace.objects.update(next_look_at=timezone.now() - LATE)
        asked = turn()
        assert len(asked) == 2  # a cluster without any answer is asked twice
        found |= set(asked)
    assert found == {row.pk for row in rows()}


def test_what_a_silent_cluster_left_out_stays_due_and_raises_no_promise(odd):
    hang(odd, rows())
    due_since = timezone.now() - LATE
    MirroredNamespace.objects.update(health="ready", next_look_at=due_since)
    asked = turn()
    left = MirroredNamespace.objects.exclude(pk__in=asked).get()
    assert left.next_look_at == due_since
    reading = ClusterReading.objects.get()
    assert (reading.due_since, reading.promised_s) == (due_since, 300)


def test_the_first_silent_ones_follow_the_first_of_the_others(cast):
    MirroredNamespace.objects.all().delete()
    now = timezone.now()
    made = [
        MirroredNamespace(
            namespace_id=f"ns_order{number:04}",
            internal_id="int_order",
            name="order",
            name_key="order",
            health="unknown" if number < 300 else "ready",
            health_since=now if number < 300 else None,
            next_look_at=now - timedelta(seconds=1000 - number),
            mirrored_at=now,
        )
        for number in range(600)
    ]
    MirroredNamespace.objects.bulk_create(made)
    LastLook.objects.bulk_create(
        LastLook(
            namespace_id=row.pk, taken_at=now - timedelta(seconds=number), ok=False
        )
        for number, row in enumerate(made[:300])
    )
    found = list(order.batches(SHARED_MEMBERS, set()))
    said = [(b.keys[0][-4:], len(b.keys), b.is_silent, b.ends_turn) for b in found]
    assert said == [
        ("0300", 120, False, True),
        ("0299", 120, True, False),
        ("0420", 120, False, True),
        ("0540", 60, False, True),
        ("0179", 120, True, True),
        ("0059", 60, True, True),
    ]
