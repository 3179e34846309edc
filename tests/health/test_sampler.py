"""The sample: lists learn of silence without anybody looking, and of its end."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.health.models import ClusterLook, DriftRow, LastComparison
from nsadmin.health.sampling.sampler import Sampled, sample
from nsadmin.jobs.slices import SLICE
from nsadmin.namespaces.models import (
    ClusterReading,
    LastLook,
    LookSlot,
    MirroredNamespace,
)
from nsadmin.namespaces.read import history, probe, snapshots
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace
from tests.faults.proxy import Fault, running_proxies
from tests.faults.transport import Http


@pytest.fixture
def asked(cast, settings):
    """What crosses the wire to Qdrant from now on."""
    with running_proxies() as proxies:
        settings.NSADMIN_QDRANT_URL = proxies.before(
            Http(), settings.NSADMIN_QDRANT_URL
        )
        yield proxies.exchanges


def questions(asked):
    """{what was asked: how often}, and count anew."""
    found = [e.asks for e in asked.seen]
    asked.expect()
    return {ask: found.count(ask) for ask in found}


def later(seconds):
    """Let that time pass for every look and claim."""
    for row in LastLook.objects.all():
        row.taken_at -= timedelta(seconds=seconds)
        for told in row.told.values():
            at = datetime.fromisoformat(told["at"])
            told["at"] = (at - timedelta(seconds=seconds)).isoformat()
        row.save()
        redis.release(f"look:{row.namespace_id}")
    past = F("next_look_at") - timedelta(seconds=seconds)
    MirroredNamespace.objects.update(next_look_at=past)
    redis.release(f"probe:{shared().url}")


def health():
    return set(MirroredNamespace.objects.values_list("health", flat=True))


def test_every_page_states_the_same_beginning_of_a_silence(cast, settings):
    sample()
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    ClusterReading.objects.update(url="http://127.0.0.1:9")
    sample()
    [since] = set(MirroredNamespace.objects.values_list("health_since", flat=True))
    # The fleet shows the first, lists the second, the overview the third.
    assert ClusterLook.objects.get(label="shared").unknown_since == since
    assert ClusterReading.objects.get(silent_since__isnull=False).silent_since == since
    # A page asks for its own namespace long after the lists said that it is unknown.
    for way in (True, False):
        LastLook.objects.update(unknown_since=None)
        later(60)
        found = probe.snapshot(cast.own, force=way, max_age_s=0)
        assert found.unknown_since == since
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    assert row.health_since == since
    settings.NSADMIN_QDRANT_URL = address


def test_one_silent_answer_covers_the_whole_cluster(cast, settings):
    assert sample().answered == 3
    assert health() == {"ready"}
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    assert sample() == Sampled(answered=0, silent=3)
    # Another beat has the claims now; what is silent is no less so.
    assert sample() == Sampled(answered=0, silent=3)
    assert health() == {"unknown"}
    assert not MirroredNamespace.objects.filter(health_since=None).exists()
    assert not MirroredNamespace.objects.filter(document_count=None).exists()

    settings.NSADMIN_QDRANT_URL = address
    later(5)
    assert sample() == Sampled(answered=3, silent=0)
    assert health() == {"ready"}
    assert not MirroredNamespace.objects.exclude(health_since=None).exists()


def test_unwatched_collections_are_asked_every_five_minutes(asked):
    sample()
    first = questions(asked)
    assert (first["GET /"], first["GET collection"]) == (1, 3)
    later(230)
    sample()
    assert questions(asked) == {"GET /": 1}
    later(20)
    sample()
    assert questions(asked)["GET collection"] == 3


def test_a_watched_collection_is_asked_every_five_seconds(asked, cast):
    sample()
    questions(asked)
    for _ in range(4):
        ephemeral.watch(cast.own.namespace_id, seconds=30)
        later(5)
        sample()
    # The look, and what is asked beside it now and then, take turns.
    assert questions(asked) == {
        "GET /": 4,
        "GET collection": 2,
        "GET /optimizations": 1,
        "GET /cluster": 1,
    }
    told = snapshots.stored(cast.own.namespace_id).told
    assert told["shards"]["of"]["shards"] == 1
    assert told["builds"]["of"]["running"] == []


def test_watching_ends(asked, cast):
    sample()
    questions(asked)
    ephemeral.watch(cast.own.namespace_id, seconds=-1)
    later(30)
    sample()
    assert questions(asked) == {"GET /": 1}


def test_two_beats_at_once_ask_once(shared_rows, asked):
    turns = threading.Barrier(2)

    def beat():
        turns.wait()
        sample()
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = questions(asked)
    assert (found["GET /"], found["GET collection"]) == (1, 3)


def test_a_cluster_that_falls_silent_midway_is_not_asked_on(asked):
    asked.expect(at=2, fault=Fault.HANG, times=9)
    assert sample().answered == 0
    assert questions(asked) == {"GET /": 1, "GET collection": 2}


def test_a_silent_cluster_is_known_as_such(cast, settings):
    sample()
    row = ClusterLook.objects.get()
    assert (row.label, row.namespaces, row.unknown_since) == ("shared", 3, None)
    assert row.version.count(".") == 2
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    sample()
    row = ClusterLook.objects.get()
    assert row.unknown_since is not None
    assert (row.response_ms, row.answered_at) == (None, None)


def test_history_keeps_the_worst_and_forgets_the_old(cast, settings):
    sample()
    slot = LookSlot.objects.get(namespace_id=cast.own.namespace_id)
    assert (slot.status, slot.points) == ("ready", 3)
    snapshots.record_silence([cast.own.namespace_id], "Qdrant does not answer.")
    slot.refresh_from_db()
    assert (slot.status, slot.points) == ("unknown", 3)
    probe.snapshot(cast.own, force=True)
    slot.refresh_from_db()
    assert slot.status == "unknown"
    slot.at = timezone.now() - timedelta(hours=7)
    slot.save()
    kept = LookSlot.objects.count()
    assert history.trim() == 0  # its state goes on
    earlier = slot.at - timedelta(hours=1)
    LookSlot.objects.create(namespace_id=slot.namespace_id, at=earlier, status="ready")
    assert history.trim() == 1
    assert LookSlot.objects.count() == kept


def test_old_slots_go_a_few_in_each_transaction(db):
    now = history.slot_of(timezone.now())
    LookSlot.objects.bulk_create(
        LookSlot(namespace_id=f"ns_{n:03}", at=now - timedelta(hours=h), status="ready")
        for n in range(240)
        for h in (1, *range(8, 14))
    )
    with CaptureQueriesContext(connection) as queries:
        assert history.trim() == 5 * 240
    deletes = [q["sql"] for q in queries if q["sql"].startswith("DELETE")]
    assert len(deletes) == -(-5 * 240 // SLICE)
    assert LookSlot.objects.count() == 2 * 240


def test_silence_of_many_is_few_queries(cast):
    ids = [f"ns_many{number:04}" for number in range(300)]
    with CaptureQueriesContext(connection) as queries:
        snapshots.record_silence(ids, "Qdrant does not answer.")
    assert len(queries) <= 13
    assert LastLook.objects.filter(unknown_since=None).count() == 0
    assert LookSlot.objects.filter(status="unknown").count() == 300


def _statements_of_a_turn() -> int:
    later(24 * 3600)
    with CaptureQueriesContext(connection) as queries:
        sample()
    asked = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    return len(asked)


def test_differences_that_stay_are_written_together(cast):
    def missing(count):
        for number in range(count):
            make_namespace(
                cast.northlight, f"gone {number} of {count}", in_qdrant=False
            )
        _statements_of_a_turn()
        return _statements_of_a_turn()

    few = missing(3)
    first = DriftRow.objects.order_by("pk").first()
    assert missing(20) <= few + 4
    rows = DriftRow.objects.all()
    assert set(rows.values_list("kind", flat=True)) == {"collection_missing"}
    assert rows.count() == 23
    again = DriftRow.objects.get(pk=first.pk)
    assert again.last_seen > first.last_seen
    assert again.first_seen == first.first_seen
    compared = LastComparison.objects.filter(pk=first.namespace_id)
    compared.update(at=F("at") - timedelta(hours=2))
    past = compared.get().at
    _statements_of_a_turn()
    assert compared.get().at > past


def test_differences_that_change_are_stored_anew(cast):
    gone = make_namespace(cast.northlight, "gone", in_qdrant=False)
    sample()
    row = DriftRow.objects.get(namespace_id=gone.namespace_id)
    for change in ({"subject": "another"}, {"sentence": "Another one."}):
        DriftRow.objects.filter(pk=row.pk).update(**change)
        _statements_of_a_turn()
        found = DriftRow.objects.get(namespace_id=gone.namespace_id)
        assert (found.subject, found.sentence) == (row.subject, row.sentence)
        row = found
    MirroredNamespace.objects.filter(pk=gone.namespace_id).update(differences=7)
    _statements_of_a_turn()
    assert MirroredNamespace.objects.get(pk=gone.namespace_id).differences == 1
