"""The comparison at night: in slices, from a checkpoint, and only of what is due."""

from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.errors import Unavailable
from nsadmin.health.drift import drift_scan
from nsadmin.health.models import DriftPass, DriftRow, LastComparison
from nsadmin.health.nightly import orphans, passes
from nsadmin.health.sampling.sampler import sample
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.placement.cluster_share import EVERY, SHARED
from nsadmin.stores import redis
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.health.nights import night


def compared() -> int:
    passes.begin(EVERY)
    return passes.go_on(EVERY).compared


def test_what_a_look_compared_within_a_day_is_left_out(cast):
    assert night().compared == 3
    assert compared() == 0
    day = timedelta(days=1, minutes=1)
    LastComparison.objects.filter(pk=cast.own.namespace_id).update(
        at=timezone.now() - day
    )
    assert compared() == 1


def test_references_are_looked_for_once_a_week(cast):
    night()
    LastComparison.objects.filter(pk=cast.own.namespace_id).update(
        references_at=timezone.now() - timedelta(days=8)
    )
    assert compared() == 1
    assert compared() == 0


def test_looks_of_the_sampler_count_and_do_not_write_each_time(cast):
    sample()
    noted = dict(LastComparison.objects.values_list("pk", "at"))
    assert len(noted) == 3
    MirroredNamespace.objects.update(next_look_at=timezone.now())
    for claim in (f"probe:{shared().url}", *(f"look:{key}" for key in noted)):
        redis.release(claim)
    assert sample().answered == 3
    assert dict(LastComparison.objects.values_list("pk", "at")) == noted
    # The references of a namespace that was only looked at are still due.
    assert compared() == 3
    assert compared() == 0


def test_slices_go_on_from_the_checkpoint(cast):
    passes.begin(EVERY)
    seen = [passes.go_on(EVERY, seconds=0) for _ in range(4)]
    assert [slice_.compared for slice_ in seen] == [1, 2, 3, 3]
    assert [slice_.going_on for slice_ in seen] == [1, 1, 1, 0]
    assert passes.go_on(EVERY) == passes.SweepResult()


def test_a_slice_that_stops_loses_nothing_that_was_saved(cast, settings):
    passes.begin(EVERY)
    passes.go_on(EVERY, seconds=0)
    good, settings.NSADMIN_MONGODB_URL = (
        settings.NSADMIN_MONGODB_URL,
        "mongodb://127.0.0.1:9/none",
    )
    with pytest.raises(Unavailable):
        passes.go_on(EVERY)
    settings.NSADMIN_MONGODB_URL = good
    ended = passes.go_on(EVERY)
    assert (ended.compared, ended.going_on) == (3, 0)


class Killed(BaseException):
    """The end of a process."""


class Stop:
    """Stops the slice, or ends its process, where it writes about one namespace."""

    def __init__(self, namespace_id: str, failure: type[BaseException]) -> None:
        self.namespace_id, self.failure = namespace_id, failure
        self.is_dead = False

    def __call__(self, execute, sql, params, many, context):
        is_reached = "INTO" in sql and LastComparison._meta.db_table in sql
        if is_reached and self.namespace_id in params:
            self.is_dead = self.failure is Killed
            raise self.failure
        if self.is_dead and "SAVEPOINT" not in sql:
            raise self.failure  # a process that is dead writes nothing more
        return execute(sql, params, many, context)


@pytest.mark.parametrize("failure", [SoftTimeLimitExceeded, Killed])
def test_a_namespace_that_stops_its_slice_does_not_stop_each(cast, failure):
    LastComparison.objects.all().delete()
    passes.begin(EVERY)
    _, second, third = sorted(
        MirroredNamespace.objects.values_list("namespace_id", flat=True)
    )
    stops = 0
    while stops < 3 and LastComparison.objects.filter(pk=third).count() == 0:
        redis.release(f"look:{second}")  # it would be silent while another one looks
        with connection.execute_wrapper(Stop(second, failure)):
            try:
                ended = passes.go_on(EVERY)
            except failure:
                stops += 1
    # A killed slice saved its place before the first namespace, and counted nothing.
    assert (stops, ended.compared) == ((2, 1) if failure is Killed else (1, 2))
    assert (ended.failed, ended.going_on) == (0, 0)
    assert not LastComparison.objects.filter(pk=second).exists()


def test_a_pass_without_anything_due_costs_the_same_for_any_number(cast):
    night()

    def cost() -> int:
        passes.begin(EVERY)
        with CaptureQueriesContext(connection) as queries:
            passes.go_on(EVERY)
        return len(queries)

    before, now = cost(), timezone.now()
    keys = [f"ns_quiet{number:04}" for number in range(600)]
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=key, internal_id="int_x", name=key, mirrored_at=now
        )
        for key in keys
    )
    LastComparison.objects.bulk_create(
        LastComparison(namespace_id=key, at=now, references_at=now) for key in keys
    )
    assert cost() == before


def test_what_the_mirror_does_not_know_is_no_orphan(cast):
    moved = make_namespace(cast.northlight, "unmirrored")
    MirroredNamespace.objects.filter(pk=moved.namespace_id).delete()
    night()
    rows = DriftRow.objects.filter(kind="orphan")
    assert moved.collection not in set(rows.values_list("subject", flat=True))


def test_a_collection_on_the_way_of_a_move_is_no_orphan(cast):
    moved = make_namespace(cast.northlight, "moved")
    there = {"compute_tier": "shared", "qdrant_collection": moved.collection}
    elsewhere = {"compute_tier": "shared", "qdrant_collection": "ns_elsewhere"}
    collection(store.NAME).update_one(
        {"_id": moved.namespace_id},
        {
            "$set": {
                "infrastructure": elsewhere,
                "fallback": {"infrastructure": there, "task_id": "t"},
            }
        },
    )
    comparison.reconcile()
    night()
    rows = DriftRow.objects.filter(kind="orphan")
    assert moved.collection not in set(rows.values_list("subject", flat=True))


@pytest.fixture
def nobodys():
    """Five collections of nobody on the shared cluster."""
    names = [f"ns_nobody{number}" for number in range(5)]
    for name in names:
        collections.create(shared(), name, {"v": (2, "cosine")})
    yield names
    for name in names:
        collections.drop(shared(), name)


def orphans_of_shared() -> list[str]:
    rows = DriftRow.objects.filter(kind="orphan", cluster="shared")
    return list(rows.order_by("subject").values_list("subject", flat=True))


def test_names_beyond_the_first_ones_are_looked_for_in_the_next_slices(
    cast, nobodys, monkeypatch
):
    night()
    everyone = orphans_of_shared()
    assert set(everyone) >= set(nobodys)
    DriftRow.objects.create(
        kind="orphan",
        cluster="shared",
        subject="ns_dropped",
        first_seen=timezone.now(),
        last_seen=timezone.now(),
    )
    # The mirror does not know it, so its name is among those that are looked for.
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).delete()
    monkeypatch.setattr(orphans, "_MOST_ASKED", 2)
    passes.begin(SHARED)
    DriftPass.objects.update(stage="orphans")
    afters = []
    while (slice_ := passes.go_on(SHARED, seconds=0)).going_on:
        afters.append(DriftPass.objects.get(url="").after)
        assert "ns_dropped" in orphans_of_shared()
    assert len(afters) >= 2
    assert afters == sorted(set(afters))
    assert orphans_of_shared() == everyone
    assert slice_.differences == len(everyone)


def test_all_names_of_a_slice_cost_one_read_of_the_documents(
    cast, nobodys, monkeypatch
):
    reads, real = [], store.every_collection

    def counted():
        reads.append(1)
        return real()

    monkeypatch.setattr(store, "every_collection", counted)
    night(SHARED)
    assert len(reads) == 1


def test_orphans_of_one_night_are_bounded_over_all_slices(cast, nobodys, monkeypatch):
    monkeypatch.setattr(orphans, "_MOST_ASKED", 2)
    monkeypatch.setattr(drift_scan, "MOST_STORED", 3)
    assert night(SHARED).differences >= len(nobodys)
    assert len(orphans_of_shared()) == 3


def test_rows_of_namespaces_that_are_no_more_are_deleted(cast):
    night()
    past = timezone.now() - timedelta(days=2)
    LastComparison.objects.create(namespace_id="ns_gone", at=past)
    DriftRow.objects.create(
        namespace_id="ns_gone",
        kind="index_extra",
        right="nobody",
        way="look",
        sentence="",
        first_seen=past,
        last_seen=past,
    )
    night()
    assert not DriftRow.objects.filter(namespace_id="ns_gone").exists()
    assert not LastComparison.objects.filter(namespace_id="ns_gone").exists()
    assert DriftPass.objects.get().ended_at is not None
