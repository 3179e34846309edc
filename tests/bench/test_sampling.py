"""What sampling 100,000 namespaces costs while nothing happens to them."""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.utils import timezone

from nsadmin.health.sampling.counting import Counted, count
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import ClusterReading, MirroredNamespace
from nsadmin.stores import redis
from tests.bench.peers import synthetic
from tests.bench.rounds import compare, note, statements
from tests.bench.world import LARGE, SMALL, Worlds

pytestmark = pytest.mark.bench
# Turns, and countings, each of which takes seconds.
ROUNDS, COUNTINGS = 7, 3


def _turn() -> None:
    redis.release(f"probe:{configured.NSADMIN_QDRANT_URL}")
    assert sample().answered == 0


def _count() -> None:
    ClusterReading.objects.update(tried_at=None)
    assert count() == Counted(counted=1)


def _median_cpu_ms(call: Callable[[], None], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        spent.append(time.process_time() - began)
    return 1000 * statistics.median(spent)


def _quiet() -> dict[str, int]:
    """Let nothing be due; return the points of each collection."""
    later, now = timezone.now() + timedelta(hours=5), timezone.now()
    MirroredNamespace.objects.update(
        next_look_at=later, looked_at=now, health="ready", health_since=None
    )
    rows = MirroredNamespace.objects.values_list("collection", "document_count")
    return {name: points or 0 for name, points in rows}


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_nothing_due(worlds: Worlds, settings, size: int):
    """The issue: a turn with nothing due costs at most 50 ms at 100,000."""
    with worlds.of(size).open():
        points = _quiet()
        MirroredNamespace.objects.filter(document_count=None).update(document_count=0)
        with synthetic.running(points) as url:
            settings.NSADMIN_QDRANT_URL = url
            _turn()
            _count()
            what = f"sampling turn, nothing due, {size:,} namespaces"
            compare(
                f"{what}, beside 50 ms",
                _turn,
                lambda: time.sleep(0.05),
                limit="1",
                more=f"{statements(_turn)} statements",
            )
            note(f"{what}: CPU", _median_cpu_ms(_turn, ROUNDS), 50, "ms")
            note(
                f"counts of {size:,} collections: CPU",
                _median_cpu_ms(_count, COUNTINGS),
                12e3,
                "ms",
            )
            reading = ClusterReading.objects.get(url=url)
            note("their answer", (reading.count_bytes or 0) / 2**20, 60, "MiB")
