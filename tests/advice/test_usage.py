"""Counting filters by the hour, and reading 24 hours and 7 days of them."""

from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.advice import usage
from nsadmin.errors import Invalid, Unavailable
from nsadmin.stores import counters
from nsadmin.stores.counters import Tally
from nsadmin.stores.redis import client

NOW = datetime(2026, 11, 21, 15, 40, tzinfo=UTC)


def count(namespace_id, at, **fields):
    return usage.count_filter(
        namespace_id, {name: Tally(n) for name, n in fields.items()}, at=at
    )


def test_a_day_is_the_current_hour_and_the_23_before_it(stores):
    first = NOW.replace(minute=0) - timedelta(hours=23)
    count("ns_a", NOW, title=1)
    count("ns_a", first, title=10)
    count("ns_a", first - timedelta(minutes=1), title=100)
    [found] = usage.used("ns_a", hours=24, now=NOW)
    assert (found.count, found.count_24h, found.count_7d) == (11, 11, 111)
    assert found.first_seen == first
    assert found.last_seen == NOW.replace(minute=0)


def test_a_week_is_168_hours(stores):
    first = NOW.replace(minute=0) - timedelta(hours=167)
    count("ns_a", first, old=3)
    count("ns_a", first - timedelta(minutes=1), older=3)
    [found] = usage.used("ns_a", hours=usage.WEEK, now=NOW)
    assert (found.field_name, found.count_24h, found.count_7d) == ("old", 0, 3)
    assert {f.field_name for f in usage.used("ns_a", hours=720, now=NOW)} == {
        "old",
        "older",
    }


def test_the_most_used_comes_first_and_namespaces_are_apart(stores):
    count("ns_a", NOW, rank=2, title=9)
    count("ns_b", NOW, other=5)
    assert [f.field_name for f in usage.used("ns_a", now=NOW)] == ["title", "rank"]


def test_the_mean_time_is_of_the_timed_ones_alone(stores):
    usage.count_filter("ns_a", {"title": Tally(4, 4, 100.0)}, at=NOW)
    usage.count_filter("ns_a", {"title": Tally(6)}, at=NOW)
    [found] = usage.used("ns_a", now=NOW)
    assert (found.count, found.mean_ms) == (10, 25.0)


def test_an_hour_takes_a_thousand_names_and_tells_of_the_rest(stores):
    for start in range(0, counters.MAX_NAMES_AN_HOUR, 100):
        batch = {f"field_{n}": Tally(1) for n in range(start, start + 100)}
        assert usage.count_filter("ns_a", batch, at=NOW) == []
    left = usage.count_filter("ns_a", {"new": Tally(1), "field_0": Tally(1)}, at=NOW)
    assert left == ["new"]
    assert usage.used("ns_a", now=NOW)[0].field_name == "field_0"


def test_counters_end_by_themselves(stores):
    count("ns_a", NOW, title=1)
    [key] = client().keys("nsadmin:count:*")
    assert 0 < client().ttl(key) <= counters.KEPT_HOURS * 3600


def test_unknown_is_not_unused(settings, stores):
    settings.NSADMIN_REDIS_URL = "redis://127.0.0.1:9/0"
    with pytest.raises(Unavailable):
        usage.used("ns_a", now=NOW)
    with pytest.raises(Unavailable):
        count("ns_a", NOW, title=1)


def test_a_report_adds_up_the_same_field():
    body = {
        "fields": [
            {"field_name": "title", "count": 3, "latency_ms": 10},
            {"field_name": "title"},
            {"field_name": "meta.tags[]", "count": 2},
        ]
    }
    assert usage.parse_report(body) == {
        "title": Tally(4, 3, 30.0),
        "meta.tags[]": Tally(2),
    }


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "fields"),
        ({"fields": []}, "fields"),
        ({"fields": [{}] * 101}, "fields"),
        ({"fields": [{"field_name": "a..b"}]}, "fields.0.field_name"),
        ({"fields": [{"field_name": "a", "count": 0}]}, "fields.0.count"),
        ({"fields": [{"field_name": "a", "count": 1_000_001}]}, "fields.0.count"),
        ({"fields": [{"field_name": "a", "count": True}]}, "fields.0.count"),
        ({"fields": [{"field_name": "a", "latency_ms": -1}]}, "fields.0.latency_ms"),
        ({"fields": [{"field_name": "a", "colour": "red"}]}, "fields.0.colour"),
        ({"fields": [{"field_name": "a"}], "x": 1}, "x"),
        ([], ""),
    ],
)
def test_a_wrong_report_names_the_place(body, path):
    with pytest.raises(Invalid) as caught:
        usage.parse_report(body)
    assert path in caught.value.errors
