"""Answers of many collections are stored in the order of their questions."""

import pytest
from django.utils import timezone

from nsadmin.namespaces.models import LastLook, MirroredNamespace
from nsadmin.namespaces.read import probe, snapshots
from nsadmin.namespaces.read.look_writes import Answer, Stored, store_many
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
