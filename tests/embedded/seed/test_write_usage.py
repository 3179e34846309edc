"""The demo's filters: enough of them in any 24 hours, counted once, never over others'."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.advice import usage
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.write.usage import HOURS, write_usage
from nsadmin.stores.counters import Tally

SPEC = BY_SLUG["labour-market-clips"]
NOW = datetime(2026, 11, 21, 13, 40, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("stores")


def counted(now=NOW):
    used = usage.used(SPEC.namespace_id, hours=24, now=now)
    return {field.field_name: field.count_24h for field in used}


@pytest.mark.parametrize("hour", [0, 7, 23])
def test_any_day_has_what_is_promised(hour):
    now = NOW.replace(hour=hour)
    assert write_usage(now, specs=[SPEC]) == HOURS
    assert counted(now) == {f.field_name: f.a_day for f in SPEC.filters}
    [first, *_] = usage.used(SPEC.namespace_id, now=now)
    assert first.count_7d == 7 * first.count_24h
    assert first.mean_ms == pytest.approx(3.9)


def test_the_next_start_only_adds_the_hours_since():
    write_usage(NOW, specs=[SPEC])
    assert write_usage(NOW, specs=[SPEC]) == 0
    later = NOW + timedelta(hours=3)
    assert write_usage(later, specs=[SPEC]) == 3
    assert counted(later) == {f.field_name: f.a_day for f in SPEC.filters}


def test_what_others_counted_stays():
    usage.count_filter(SPEC.namespace_id, {"month": Tally(7)}, at=NOW)
    assert write_usage(NOW, specs=[SPEC]) == HOURS - 1
    assert counted()["month"] == 7
