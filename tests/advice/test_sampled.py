"""Samples of payloads: drawn from everywhere, bounded, kept, and taken by one at a time."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from nsadmin.advice import evidence, sample, sample_cache, usage
from nsadmin.stores import ephemeral, redis
from nsadmin.stores.counters import Tally
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import make_namespace


def filled(cast, name, payloads, *, ids=None):
    """Make a namespace with a point for each payload, in the order of their ids."""
    namespace = make_namespace(cast.northlight, name)
    [point, *_], _ = points.page(shared(), namespace.collection, with_vectors=True)
    points.delete(shared(), namespace.collection, where={"must_not": [{"has_id": []}]})
    ids = ids or sorted(str(uuid.uuid4()) for _ in payloads)
    points.put(
        shared(),
        namespace.collection,
        [
            {"id": i, "vector": point["vector"], "payload": payload}
            for i, payload in zip(ids, payloads, strict=True)
        ],
    )
    return namespace


def types(namespace, *fields):
    return {f: i.type for f, i in sample_cache.fresh(namespace, fields).items()}


@pytest.mark.parametrize("ids", [None, list(range(1, 701))], ids=["uuids", "numbers"])
def test_a_field_that_changes_its_type_on_the_way_is_mixed(cast, ids):
    payloads = [{"a": 1, "b": "x"} for _ in range(350)]
    payloads += [{"a": "one", "b": "y"} for _ in range(350)]
    namespace = filled(cast, "halves", payloads, ids=ids)
    assert types(namespace, "a", "b") == {"a": None, "b": "keyword"}


def test_a_rare_field_is_found_and_an_absent_one_is_not(cast):
    payloads = [{"a": True} for _ in range(697)] + [{"b": 7}, {"b": 8}, {"c": "x"}]
    namespace = filled(cast, "rare", payloads)
    assert types(namespace, "a", "b", "c", "absent", "no path[") == {
        "a": "bool",
        "b": "integer",
        "c": "keyword",
        "absent": None,
        "no path[": None,
    }


def test_the_points_to_compare_are_the_same_before_and_after(cast):
    namespace = filled(cast, "steady", [{"a": n} for n in range(300)])
    first = sample.repeatable_sample(namespace, "a")
    assert len(first) == 256
    assert sample.repeatable_sample(namespace, "a") == first


def test_a_sample_is_kept_for_a_while(cast):
    namespace = filled(cast, "kept", [{"a": 1, "b": 2.5}])
    seen = sample_cache.sampled(namespace, ["a"])
    [point], _ = points.page(shared(), namespace.collection, with_vectors=True)
    points.put(
        shared(), namespace.collection, [point | {"payload": {"a": "x", "b": "y"}}]
    )
    again = sample_cache.sampled(namespace, ["a", "b"])
    assert again.inferences["a"] == seen.inferences["a"]
    assert again.inferences["b"].type == "keyword"
    assert again.at == seen.at
    assert sample_cache.cached(namespace.namespace_id, ["a"]) == seen
    ephemeral.drop([f"sampled:{namespace.namespace_id}"])
    assert sample_cache.sampled(namespace, ["a"]).inferences["a"].type == "keyword"


def test_an_old_sample_is_renewed_by_one_and_shown_to_the_others(cast, settings):
    namespace = filled(cast, "old", [{"a": 1}])
    key = namespace.namespace_id
    seen = sample_cache.sampled(namespace, ["a"])
    name = f"sampled:{key}"
    old = seen.at - sample_cache.FRESH - timedelta(seconds=1)
    written = ephemeral.load(name)
    day = f"{seen.at:%Y-%m-%dT%H:%M:%S}"
    assert day in written
    ephemeral.store(name, written.replace(day, f"{old:%Y-%m-%dT%H:%M:%S}"), seconds=60)
    assert redis.claim(f"sample:{key}", milliseconds=10_000)
    waiting = sample_cache.sampled(namespace, ["a", "b"])
    assert waiting.inferences == seen.inferences
    assert timezone.now() - waiting.at > sample_cache.FRESH
    redis.release(f"sample:{key}")
    assert sample_cache.sampled(namespace, ["a"]).at > seen.at


def test_a_hundred_filtered_fields_share_one_sample(cast):
    namespace = filled(cast, "wide", [{"n": n, "t": "x" * 300} for n in range(1320)])
    fields = {f"field_{n}": Tally(1000 - n) for n in range(100)}
    usage.count_filter(namespace.namespace_id, fields)
    found = evidence.advised(namespace)
    assert len(found.advice) == 100
    known = [a.field_name for a in found.advice if a.inference is not None]
    assert known == [f"field_{n}" for n in range(evidence.MAX_SAMPLED)]
    again = evidence.advised(namespace, min_count=500)
    assert again.sampled_at == found.sampled_at


def aged(namespace, seen):
    """Write what is kept as if it was sampled too long ago to be fresh."""
    name = f"sampled:{namespace.namespace_id}"
    old = seen - sample_cache.FRESH - timedelta(seconds=1)
    entries = json.loads(ephemeral.load(name))
    for entry in entries.values():
        entry["at"] = old.isoformat()
    ephemeral.store(name, json.dumps(entries), seconds=60)


def test_a_field_that_no_payload_has_makes_room_for_the_others(cast):
    namespace = filled(cast, "crowded", [{"title": "x"} for _ in range(30)])
    fields = {f"invented_{n}": Tally(1000) for n in range(evidence.MAX_SAMPLED)}
    usage.count_filter(namespace.namespace_id, fields | {"title": Tally(500)})
    first = evidence.advised(namespace)
    assert first.advice[-1].field_name == "title"
    assert first.advice[-1].inference is None
    assert evidence.advised(namespace).sampled_at == first.sampled_at
    aged(namespace, first.sampled_at)
    found = evidence.advised(namespace).advice
    assert found[-1].index_type == "keyword"
    assert all(item.inference is not None for item in found)
    names = ["invented_0", "title", "new"]
    assert sample_cache.typed_first(namespace.namespace_id, names) == [
        "title",
        "new",
        "invented_0",
    ]


def test_readers_at_once_share_one_sample(cast):
    namespace = filled(cast, "shared", [{"n": n} for n in range(300)])
    barrier = threading.Barrier(4)
    found = []

    def read():
        barrier.wait()
        found.append(sample_cache.sampled(namespace, ["n", "absent"]).at)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({at for at in found if at is not None}) == 1
