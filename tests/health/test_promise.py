"""What is promised follows what is measured: at once upwards, slowly downwards."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.health.sampling.promise import oldest_s, promised_s, promises
from nsadmin.namespaces.models import ClusterReading

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def late(seconds: float, **values: object) -> ClusterReading:
    """A cluster without counts whose oldest look is due for some seconds."""
    due_since = NOW - timedelta(seconds=seconds)
    return ClusterReading(url="u", turn_at=NOW, due_since=due_since, **values)


def test_it_is_above_the_oldest_statement_at_once():
    reading = late(99, looks_per_s=100)
    assert oldest_s(reading, NOW) == 339
    assert promised_s(reading, 3000, NOW) == 359
    reading.turn_ms = 30_000
    assert promised_s(reading, 3000, NOW) == 399


def test_it_falls_by_two_percent_of_a_turn_and_never_below_five_minutes():
    reading, fell = ClusterReading(promised_s=400), []
    for _ in range(20):
        reading.promised_s = promised_s(reading, 10, NOW)
        fell.append(reading.promised_s)
    assert fell[:2] == [392, 385]
    assert fell[-1] == 300
    assert fell == sorted(fell, reverse=True)


@pytest.mark.parametrize(
    "reading", [late(3600), late(99, silent_since=NOW - timedelta(minutes=1))]
)
def test_an_outage_does_not_raise_it(reading):
    assert promised_s(reading, 10, NOW) == 300


def test_a_turn_that_the_cluster_ended_does_not_raise_it():
    reading = late(99, looks_per_s=100)
    assert promised_s(reading, 3000, NOW, is_outage=True) == 300
    assert promises({"u": "u"}, [reading], NOW)[0].why_not


def test_what_the_counts_deny_is_older_than_they_are():
    counted_at = NOW - timedelta(seconds=20)
    reading = late(75, counted_at=counted_at, count_ms=5000)
    assert oldest_s(reading, NOW) == 315
    assert promised_s(reading, 100_000, NOW) == 335
    reading.due_since = None
    assert oldest_s(reading, NOW) == 20


@pytest.mark.parametrize(("took_s", "promised"), [(11, 300), (13, 323)])
def test_counts_that_take_long_raise_it(took_s, promised):
    reading = ClusterReading(counted_at=NOW, count_ms=1000 * took_s)
    assert promised_s(reading, 100_000, NOW) == promised


def test_counts_that_come_in_time_leave_it_at_five_minutes():
    counted_at = NOW - timedelta(seconds=275)
    reading = ClusterReading(counted_at=counted_at, count_ms=5000)
    assert promised_s(reading, 100_000, NOW) == 300


def test_more_than_five_minutes_are_a_warning():
    readings = [ClusterReading(url="a", turn_at=NOW), late(99, promised_s=359)]
    slow, fast = promises({"a": "a", "u": "u"}, readings, NOW)
    assert (slow.label, slow.is_slow, slow.why_not) == ("u", True, "")
    assert (fast.is_slow, fast.why_not) == (False, "")
