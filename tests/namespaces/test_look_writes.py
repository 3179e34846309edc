"""Answers of many collections are stored in the order of their questions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import probe, snapshots
from nsadmin.namespaces.read.look_writes import (
    AGAIN_AFTER,
    Answer,
    Stored,
    store_many,
)
from nsadmin.stores.qdrant import collections, points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast


def ask(cast: Cast) -> Answer:
    at = timezone.now()
    return Answer(cast.own, at, collections.get(shared(), cast.own.collection))


def store(answer: Answer) -> Stored:
    (stored,) = store_many([answer], watched=(), is_counted=False).values()
    return stored


def shown(cast: Cast) -> tuple[int, int | None]:
    """The points of the stored look and of the row that lists show."""
    look = LastLook.objects.get(pk=cast.own.namespace_id)
    row = MirroredNamespace.objects.get(pk=cast.own.namespace_id)
    return look.live["points"], row.document_count


@pytest.mark.parametrize("is_first", [True, False])
def test_an_older_answer_does_not_replace_a_newer_one(cast, is_first):
    if not is_first:
        store(ask(cast))
    older = ask(cast)
    points.put(shared(), cast.own.collection, [{"id": 77, "vector": {}}])
    newer = probe.snapshot(cast.own, force=True)
    assert store(older).look.taken_at == newer.taken_at
    assert shown(cast) == (4, 4)
    silent = Answer(cast.own, older.asked_at, error="Qdrant does not answer.")
    assert store(silent).look.ok
    assert shown(cast) == (4, 4)


def test_what_was_made_void_takes_an_answer(cast):
    store(ask(cast))
    points.put(shared(), cast.own.collection, [{"id": 77, "vector": {}}])
    answer = ask(cast)
    snapshots.store(cast.own.namespace_id, None, "Qdrant does not answer.", 1)
    probe.snapshot(cast.own, force=True)
    snapshots.invalidate(cast.own.namespace_id)
    assert store(answer).look.taken_at == answer.asked_at
    assert shown(cast) == (4, 4)


def test_a_first_silence_is_stored_with_its_beginning(cast):
    LastLook.objects.all().delete()
    at = timezone.now()
    store(Answer(cast.own, at, error="Qdrant does not answer."))
    look = LastLook.objects.get(pk=cast.own.namespace_id)
    assert (look.ok, look.taken_at, look.unknown_since) == (False, at, at)
    assert (look.exists, look.live, look.told) == (True, None, {})


def test_equal_answers_of_one_time_are_written_together(cast: Cast):
    both = (cast.own, cast.foreign)

    def answers() -> list[Answer]:
        # Each question has a time of its own.
        return [
            Answer(one, timezone.now(), collections.get(shared(), one.collection))
            for one in both
        ]

    store_many(answers(), watched=(), is_counted=False)
    first, second = answers()
    with CaptureQueriesContext(connection) as captured:
        stored = store_many([second, first], watched=(), is_counted=False)
    assert sum(query["sql"].startswith("UPDATE") for query in captured) == 2
    for one in both:
        look = LastLook.objects.get(pk=one.namespace_id)
        row = MirroredNamespace.objects.get(pk=one.namespace_id)
        assert stored[one.namespace_id].look.taken_at == first.asked_at
        assert look.taken_at == look.live_at == row.looked_at == first.asked_at
        assert row.next_look_at == first.asked_at + AGAIN_AFTER


def test_no_look_becomes_older_than_the_one_before_it(cast: Cast):
    own = collections.get(shared(), cast.own.collection)
    foreign = collections.get(shared(), cast.foreign.collection)
    early, between, late = (
        timezone.now() + timedelta(seconds=n / 10) for n in (0, 1, 2)
    )
    before = [Answer(cast.own, early - timedelta(minutes=1), own)]
    before += [Answer(cast.foreign, between, foreign)]
    store_many(before, watched=(), is_counted=False)
    now = [Answer(cast.own, early, own), Answer(cast.foreign, late, foreign)]
    store_many(now, watched=(), is_counted=False)
    assert LastLook.objects.get(pk=cast.own.namespace_id).taken_at == early
    assert LastLook.objects.get(pk=cast.foreign.namespace_id).taken_at == late
