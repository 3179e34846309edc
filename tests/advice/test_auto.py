"""Automatic indexes over real stores: begun once, measured, checked, audited."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from nsadmin.access.models import Organization
from nsadmin.advice import auto_indexing, usage
from nsadmin.advice.models import AutoIndex
from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores import counters
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.stores.redis import client
from tests.cast import make_namespace

NOW = datetime.now(UTC)


@pytest.fixture
def willing(cast):
    return make_namespace(
        cast.northlight, "willing", point_count=60, auto_create_indexes=True
    )


def filtered(namespace, **counts):
    usage.count_filter(
        namespace.namespace_id, {name: Tally(n) for name, n in counts.items()}, at=NOW
    )


def live(namespace):
    return collections.get(shared(), namespace.collection).indexes


def stored(namespace):
    raw = store.get(namespace.namespace_id)
    return {i.field_name: i for i in document.read(raw).indexes}


def test_a_hundred_filters_build_nothing_and_one_more_builds_one(willing):
    filtered(willing, rank=100)
    auto_indexing.run(now=NOW)
    assert stored(willing) == {}
    filtered(willing, rank=1)
    auto_indexing.run(now=NOW)
    assert (stored(willing)["rank"].type, stored(willing)["rank"].origin) == (
        "integer",
        "auto",
    )
    assert live(willing)["rank"].points == 60
    row = AutoIndex.objects.get()
    assert (row.state, row.expected, row.found) == ("done", 1, 1)
    assert row.before_ms > 0
    assert row.after_ms > 0
    event = AuditEvent.objects.get()
    assert event.actor_kind == "system"
    assert event.summary == (
        "Build the integer index on rank. Filtered 101 times in 24 hours."
    )


@pytest.mark.parametrize("ago", [0, 23])
def test_the_rule_is_exact_wherever_the_filters_lie_in_the_24_hours(willing, ago):
    hours = counters.last_hours(NOW, 24)
    for _ in range(2):
        for at in hours:
            # Two sources, and two days: no hour, day or source has many.
            usage.count_filter(willing.namespace_id, {"rank": Tally(2)}, at=at)
    usage.count_filter(
        willing.namespace_id, {"rank": Tally(4)}, at=hours[ago], source=usage.CONSOLE
    )
    assert auto_indexing.run(now=NOW).begun == 0  # 100
    usage.count_filter(
        willing.namespace_id, {"rank": Tally(1)}, at=hours[ago], source=usage.CONSOLE
    )
    assert auto_indexing.run(now=NOW).begun == 1


def test_a_run_costs_what_is_often_filtered_not_all_namespaces(cast, willing, stores):
    for number in range(3):
        other = make_namespace(
            cast.northlight, f"quiet {number}", auto_create_indexes=True
        )
        filtered(other, rank=50)
    filtered(cast.own, rank=500)
    with CaptureQueriesContext(connection) as idle:
        assert auto_indexing.run(now=NOW).namespaces == 0
    assert len(idle) <= 8
    filtered(willing, rank=101)
    assert auto_indexing.run(now=NOW).namespaces == 1


def test_a_lost_redis_only_delays(willing, stores):
    filtered(willing, rank=500)
    client().flushdb()
    assert auto_indexing.run(now=NOW).begun == 0
    filtered(willing, rank=101)
    assert auto_indexing.run(now=NOW).begun == 1


def test_only_where_it_was_asked_for(cast):
    filtered(cast.own, rank=500)
    auto_indexing.run(now=NOW)
    assert stored(cast.own) == {}


def test_protected_mixed_and_dropped_fields_are_left_alone(cast, willing):
    filtered(willing, internal_id=500, absent=500, rank=500)
    run = auto_indexing.run(now=NOW)
    assert set(stored(willing)) == {"rank"}
    assert run.left == [
        [willing.namespace_id, "absent", "No sampled point has a value here."]
    ]
    patch = parse_patch({"payload_indexes": []})
    commit.commit(cast.actor(), willing.namespace_id, patch)
    left = auto_indexing.run(now=NOW).left
    assert stored(willing) == {}
    assert [willing.namespace_id, "rank", "A user dropped this index."] in left


def test_a_run_is_capped_for_each_collection(cast):
    names = [f"extra_{n}" for n in range(auto_indexing.MAX_IN_A_COLLECTION + 2)]
    namespace = make_namespace(cast.northlight, "wide", auto_create_indexes=True)
    [point, *_], _ = points.page(shared(), namespace.collection, with_vectors=True)
    point["payload"] |= dict.fromkeys(names, "value")
    points.put(shared(), namespace.collection, [point])
    filtered(namespace, **dict.fromkeys(names, 500))
    auto_indexing.run(now=NOW)
    assert len(stored(namespace)) == auto_indexing.MAX_IN_A_COLLECTION
    auto_indexing.run(now=NOW)
    assert len(stored(namespace)) == len(names)


def test_invented_fields_keep_no_real_one_from_its_index(willing):
    filtered(willing, **{f"invented_{n}": 1000 for n in range(20)}, title=500)
    run = auto_indexing.run(now=NOW)
    assert set(stored(willing)) == {"title"}
    assert {reason for *_, reason in run.left} == {"No sampled point has a value here."}


def test_more_invented_fields_than_a_run_looks_at_only_delay(willing):
    invented = {f"invented_{n}": 1000 for n in range(auto_indexing.MAX_LOOKED_AT)}
    filtered(willing, **invented, title=500)
    late = [willing.namespace_id, "title", "It is left for the next run."]
    assert late in auto_indexing.run(now=NOW).left
    assert stored(willing) == {}
    assert auto_indexing.run(now=NOW).begun == 1
    assert set(stored(willing)) == {"title"}


def test_a_missing_collection_stops_no_other_namespace(cast, willing):
    gone = make_namespace(
        cast.northlight, "a ghost", in_qdrant=False, auto_create_indexes=True
    )
    for namespace in (gone, willing):
        filtered(namespace, rank=500)
    run = auto_indexing.run(now=NOW)
    assert (run.namespaces, run.begun) == (2, 1)
    [[left, field, sentence]] = run.left
    assert (left, field) == (gone.namespace_id, "")
    assert sentence.endswith(".")


def test_the_record_of_a_run_keeps_whole_namespaces_before_fields():
    fields = [["a", f"field_{n}", "Why."] for n in range(300)]
    kept = auto_indexing.Run(left=[*fields, ["b", "", "Away."]]).to_json()["left"]
    assert kept == [["b", "", "Away."], *fields[:199]]


def test_a_build_that_a_crash_left_is_closed(willing):
    row = AutoIndex.objects.create(
        namespace_id=willing.namespace_id,
        field_name="rank",
        index_type="integer",
        count_24h=101,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    auto_indexing.finish_open()
    row.refresh_from_db()
    assert (row.state, row.error) == ("failed", "The index was dropped again.")


@pytest.fixture
def contested(shared_rows):
    """A willing namespace, over rows that every thread opens by itself."""
    owner = Organization.objects.create(name="Northlight")
    return make_namespace(owner, "willing", point_count=60, auto_create_indexes=True)


def test_two_runs_at_once_build_one(contested):
    filtered(contested, rank=101)
    barrier = threading.Barrier(2)
    failures = []

    def one():
        try:
            barrier.wait()
            auto_indexing.run(now=NOW)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(stored(contested)) == ["rank"]
    assert AuditEvent.objects.filter(outcome="done").count() == 1
    assert AutoIndex.objects.filter(state="done").count() == 1
