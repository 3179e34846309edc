"""Counts of a whole cluster stand for looks: what they deny is looked at, no more."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.health.models import DriftRow
from nsadmin.health.sampling import counting, promise
from nsadmin.health.sampling.counting import count
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.models import (
    ClusterReading,
    ClusterSlot,
    LastLook,
    LookSlot,
    MirroredDocument,
    MirroredNamespace,
)
from nsadmin.namespaces.placement.cluster_share import ClusterShare
from nsadmin.namespaces.read import history, readings
from nsadmin.stores import redis
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.faults.proxy import running_proxies
from tests.faults.transport import Http
from tests.health import odd_cluster


@pytest.fixture
def asked(cast, settings):
    """What crosses the wire to Qdrant from now on."""
    with running_proxies() as proxies:
        settings.NSADMIN_QDRANT_URL = proxies.before(
            Http(), settings.NSADMIN_QDRANT_URL
        )
        yield proxies.exchanges


@pytest.fixture
def odd(cast, settings):
    """A shared cluster that answers as the test says."""
    with odd_cluster.running() as cluster:
        settings.NSADMIN_QDRANT_URL = cluster.url
        yield cluster


def asks(exchanges):
    found = [e.asks for e in exchanges.seen]
    exchanges.expect()
    return found


def again():
    """Let the next turn and the next counting come, without any time passing."""
    redis.release(f"probe:{shared().url}")
    ClusterReading.objects.update(tried_at=None)
    for row in MirroredNamespace.objects.all():
        redis.release(f"look:{row.pk}")


TABLES = [
    kind._meta.db_table
    for kind in (MirroredNamespace, MirroredDocument, LastLook, LookSlot, DriftRow)
]


def writes(queries):
    """The rows that were written of namespaces and their looks."""
    return [
        q["sql"]
        for q in queries
        if q["sql"].startswith(("UPDATE", "INSERT", "DELETE"))
        and q["sql"].split('"')[1] in TABLES
    ]


def told(odd, *lines):
    head = [f"collections_total {len(lines)}", *lines, ""]
    odd.answers["/metrics"] = "\n".join(head).encode()


def test_what_the_counts_confirm_is_neither_asked_nor_written(cast, asked):
    sample()
    assert count().counted == 1
    asks(asked)
    again()
    with CaptureQueriesContext(connection) as queries:
        assert count().changed == 0
        assert sample().answered == 0
    assert sorted(set(asks(asked))) == ["GET /", "GET /metrics"]
    assert writes(queries) == []
    reading = ClusterReading.objects.get()
    assert (reading.uncounted, reading.due_since) == ("", None)


def test_points_that_changed_bring_a_collection_forward(cast, asked):
    sample()
    count()
    asks(asked)
    points.put(shared(), cast.own.collection, [{"id": 77, "vector": {}}])
    asks(asked)
    again()
    assert count().changed == 1
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert row.changed_at is not None
    assert sample().answered == 1
    assert asks(asked).count("GET collection") == 1
    row.refresh_from_db()
    assert (row.document_count, row.changed_at) == (4, None)
    again()
    assert count().changed == 0


def test_a_change_is_due_since_the_counts_before_were_to_be_renewed(cast, odd):
    MirroredNamespace.objects.update(health="ready", document_count=3)
    before = timezone.now() - timedelta(seconds=265)
    reading = readings.reading_of(shared().url)
    readings.save(reading, counted_at=before)
    told(odd, f'collection_points{{id="{cast.own.collection}"}} 4')
    assert count().changed
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert row.changed_at == before
    assert row.next_look_at == before + timedelta(seconds=240)
    reading = readings.reading_of(shared().url)
    reading.due_since = row.next_look_at
    assert promise.oldest_s(reading, timezone.now()) == pytest.approx(265, abs=5)


def test_a_collection_that_is_missing_is_looked_at(cast, asked):
    sample()
    count()
    collections.drop(shared(), cast.own.collection)
    again()
    assert count().changed == 1
    again()
    sample()
    assert MirroredNamespace.objects.get(pk=cast.own.namespace_id).health == "error"
    again()
    assert count().changed == 0


def test_counts_confirm_that_a_collection_is_missing_until_it_is_back(cast, asked):
    sample()
    count()
    collections.drop(shared(), cast.own.collection)
    again()
    count()
    again()
    sample()
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert row.next_look_at > timezone.now() + timedelta(hours=15)
    asks(asked)
    again()
    assert count().changed == 0
    assert sample().answered == 0
    assert "GET collection" not in asks(asked)
    reading = ClusterReading.objects.get()
    assert readings.known_at(row, reading) == reading.counted_at > row.looked_at

    # With as many points as it had: the counts alone say that it is there again.
    collections.create(shared(), cast.own.collection, {"v": (4, "cosine")})
    MirroredNamespace.objects.filter(pk=row.pk).update(counted=0)
    again()
    assert count().changed == 1
    again()
    sample()
    row.refresh_from_db()
    assert (row.health, row.document_count) == ("ready", 0)


def test_a_count_that_always_differs_counts_once(cast, odd):
    MirroredNamespace.objects.update(health="ready", document_count=3)
    names = MirroredNamespace.objects.values_list("collection", flat=True)
    told(odd, *(f'collection_points{{id="{name}"}} 7' for name in names))
    assert count().changed == 3
    MirroredNamespace.objects.update(changed_at=None)  # they were looked at
    again()
    assert count().changed == 0


def test_one_that_optimizes_is_looked_at(cast, odd):
    MirroredNamespace.objects.update(health="ready", document_count=3)
    names = MirroredNamespace.objects.values_list("collection", flat=True)
    lines = [f'collection_points{{id="{name}"}} 3' for name in names]
    told(odd, *lines)
    odd.answers["/metrics"] += (
        f'collection_running_optimizations{{id="{cast.own.collection}"}} 1\n'
    ).encode()
    assert count().changed == 1


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["cluster_peers_total 3"], "3 nodes"),
        (["collection_dead_replicas 2"], "replicas"),
        (["up 1"], "does not count the points"),
        (['collection_points{id="a"} NaN'], "cannot be true"),
    ],
)
def test_counts_that_tell_too_little_let_each_be_looked_at(cast, odd, lines, reason):
    later = timezone.now() + timedelta(hours=5)
    MirroredNamespace.objects.update(next_look_at=later)
    told(odd, *lines)
    assert count() == counting.Counted(silent=1)
    reading = ClusterReading.objects.get()
    assert reason in reading.uncounted
    soon = timezone.now() + timedelta(minutes=5)
    assert not MirroredNamespace.objects.filter(next_look_at__gt=soon).exists()


@pytest.mark.parametrize(
    ("status", "said"), [(401, "key"), (403, "key"), (404, "has no"), (501, "has no")]
)
def test_a_cluster_without_metrics_is_asked_for_each_collection(
    cast, odd, status, said
):
    odd.refusals["/metrics"] = status
    count()
    assert said in ClusterReading.objects.get().uncounted


def test_counts_that_do_not_come_any_more_are_replaced_by_looks(cast, odd, settings):
    """`/metrics` hangs while the rest of the cluster answers."""
    sample()
    told(odd, 'collection_points{id="another"} 1')
    assert count().counted == 1
    later = timezone.now() + timedelta(hours=5)
    MirroredNamespace.objects.update(next_look_at=later)
    odd.hangs.add("/metrics")
    settings.NSADMIN_QDRANT_METRICS_S = 0.3

    again()
    assert count() == counting.Counted(silent=1)
    assert promise.is_counted(ClusterReading.objects.get())  # once is not for good
    assert MirroredNamespace.objects.filter(next_look_at=later).count() == 3

    counted_at = timezone.now() - timedelta(seconds=2 * promise.COUNT_EVERY_S)
    ClusterReading.objects.update(counted_at=counted_at)
    again()
    assert count() == counting.Counted(silent=1)
    reading = ClusterReading.objects.get()
    assert not promise.is_counted(reading)
    assert reading.uncounted == "Its counts are too old: Qdrant does not answer."
    soon = timezone.now() + timedelta(minutes=5)
    assert not MirroredNamespace.objects.filter(next_look_at__gt=soon).exists()

    due = set(MirroredNamespace.objects.values_list("next_look_at", flat=True))
    again()
    count()
    assert due == set(MirroredNamespace.objects.values_list("next_look_at", flat=True))

    odd.hangs.clear()
    again()
    assert count().counted == 1
    assert promise.is_counted(ClusterReading.objects.get())


@pytest.fixture
def own(cast, settings):
    """A dedicated cluster with three namespaces, the first two without a usable key."""
    with odd_cluster.running() as cluster:
        settings.NSADMIN_CLUSTER_HOSTS = [cluster.listed]
        place = {"compute_tier": "dedicated_cpu", "qdrant_url": cluster.url}
        odd_key = {"qdrant_api_key_sealed": {"ct": "of another time"}}
        for number in range(3):
            make_namespace(
                cast.northlight,
                f"on it {number}",
                in_qdrant=False,
                infrastructure=place | (odd_key if number < 2 else {}),
            )
        yield cluster


def test_the_key_of_any_namespace_opens_a_cluster(cast, own):
    told(own, 'collection_points{id="another"} 1')
    assert count(ClusterShare(own.url)) == counting.Counted(counted=1)


def test_a_cluster_that_no_key_opens_is_not_counted(cast, own):
    told(own, 'collection_points{id="another"} 1')
    MirroredNamespace.objects.filter(name="on it 2").update(deleted_at=timezone.now())
    assert count(ClusterShare(own.url)) == counting.Counted(silent=1)
    assert not promise.is_counted(ClusterReading.objects.get(url=own.url))


def test_counting_is_done_once_in_three_minutes(cast, asked):
    sample()
    assert count().counted == 1
    assert count().counted == 0
    assert asks(asked).count("GET /metrics") <= 2  # one of them for the memory


# What lists say ------------------------------------------------------------------------


def shown(cast):
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    return readings.shown([row])[row.pk]


def test_without_a_sampler_everything_becomes_unknown(cast):
    sample()
    assert shown(cast).key == "ready"
    count()
    long_ago = timezone.now() - timedelta(minutes=11)
    MirroredNamespace.objects.update(looked_at=long_ago)
    assert shown(cast).key == "ready"  # the counts confirm it
    MirroredNamespace.objects.update(changed_at=long_ago)
    assert shown(cast).key == "unknown"  # they no longer do
    MirroredNamespace.objects.update(changed_at=None)
    ClusterReading.objects.update(counted_at=long_ago)
    found = shown(cast)
    assert (found.key, found.since) == ("unknown", long_ago)


def test_counts_confirm_ready_collections_alone(cast):
    sample()
    count()
    long_ago = timezone.now() - timedelta(minutes=11)
    MirroredNamespace.objects.update(looked_at=long_ago, health="error")
    assert shown(cast).key == "unknown"


def test_a_silent_cluster_is_one_row_that_every_list_shows(cast, settings):
    sample()
    MirroredNamespace.objects.update(looked_at=timezone.now() - timedelta(minutes=1))
    reading = readings.reading_of(shared().url)
    readings.save(reading, silent_since=timezone.now(), silence="No answer.")
    assert shown(cast).key == "unknown"
    assert MirroredNamespace.objects.get(pk=cast.own.namespace_id).health == "ready"
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert readings.silences([row]) == {row.pk: "No answer."}


def test_the_statuses_of_a_page_are_one_query(cast, django_assert_num_queries):
    rows = list(MirroredNamespace.objects.all())
    with django_assert_num_queries(1):
        readings.shown(rows)


def test_a_dead_server_leaves_few_writes_and_its_return_makes_all_due(cast, settings):
    sample()
    looks = LastLook.objects.count()
    address = settings.NSADMIN_QDRANT_URL
    again()
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    with CaptureQueriesContext(connection) as queries:
        sample()
    assert not [q for q in writes(queries) if "lastlook" in q or "lookslot" in q]
    assert LastLook.objects.filter(ok=True).count() == looks
    settings.NSADMIN_QDRANT_URL = address
    again()
    assert sample().answered == 3


# History ---------------------------------------------------------------------------


def test_a_state_goes_on_while_the_cluster_tells_of_no_change(cast):
    sample()
    url, key = shared().url, cast.own.namespace_id
    now = history.slot_of(timezone.now())
    at = [now - n * history.SLOT for n in range(5)]
    LookSlot.objects.all().delete()
    ClusterSlot.objects.all().delete()
    LookSlot.objects.create(namespace_id=key, at=at[4], status="ready", points=3)
    history.record_cluster(url, at[3], is_silent=False)
    history.record_cluster(url, at[1], is_silent=True)
    history.record_cluster(url, at[0], is_silent=False)
    found = {slot.at: (slot.status, slot.points) for slot in history.slots(key)}
    assert found == {
        at[4]: ("ready", 3),
        at[3]: ("ready", 3),
        at[1]: ("unknown", None),  # and at[2], when nobody asked, is a gap
        at[0]: ("ready", 3),
    }


def test_a_change_that_no_look_explained_ends_the_known_state(cast):
    sample()
    key, now = cast.own.namespace_id, history.slot_of(timezone.now())
    LookSlot.objects.all().delete()
    before = now - history.SLOT
    LookSlot.objects.create(namespace_id=key, at=before, status="ready")
    MirroredNamespace.objects.update(changed_at=now)
    assert [slot.at for slot in history.slots(key)] == [before]


# The cost --------------------------------------------------------------------------


def test_a_turn_without_anything_due_has_a_few_statements(cast):
    sample()
    count()
    again()
    sample()

    def cost():
        again()
        with CaptureQueriesContext(connection) as queries:
            sample()
        return len(queries)

    before = cost()
    for number in range(40):
        MirroredNamespace.objects.create(
            namespace_id=f"ns_more{number}",
            internal_id="int_more",
            name="more",
            name_key="more",
            health="ready",
            next_look_at=timezone.now() + timedelta(hours=1),
            mirrored_at=timezone.now(),
        )
    assert cost() == before <= 26
