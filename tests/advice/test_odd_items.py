"""Nothing that others wrote ends a run: odd payloads, documents, names and counters."""

import json
from typing import Any

import pytest

from nsadmin.advice import auto_indexing, evidence, sample_cache, usage
from nsadmin.advice.models import AutoIndex
from nsadmin.jobs import items
from nsadmin.stores import counters, ephemeral
from nsadmin.stores.counters import Tally
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import shared
from nsadmin.stores.redis import client
from tests.advice.test_auto import NOW, filtered, live, stored
from tests.cast import make_namespace


def deep(levels):
    value: object = 1
    for _ in range(levels):
        value = {"deeper": [value]}
    return value


ODD = {
    "place": {"lon": "13.4", "lat": "52.5"},
    "null_place": {"lon": None, "lat": None},
    "half_place": [{"lon": 13.4}, {"lat": 52.5}, {"lon": [13.4], "lat": {}}],
    "far_place": {"lon": 1e300, "lat": -1e300},
    "huge": 2**64 - 1,
    "deep": deep(60),
    "nul": "a\0b",
    "long": "x" * 50_000,
    "mixed": [None, 1, "x", {}, [], [[]], True],
    "odd_time": "9999-12-31T23:59:59-14:00",
    "first_time": "0001-01-01T00:00:00+14:00",
    "with.dot": 1,
    "with[bracket": 1,
    "k" * 10_000: 1,
    "": 1,
    "\0": 1,
} | {f"wide_{n}": n for n in range(2_000)}


@pytest.fixture
def odd(cast):
    """A namespace whose 40 payloads are odd in every way."""
    made = make_namespace(
        cast.northlight, "odd", point_count=40, auto_create_indexes=True
    )
    found, _ = points.page(shared(), made.collection, with_vectors=True)
    for point in found:
        point["payload"] |= ODD
    points.put(shared(), made.collection, found)
    return made


@pytest.fixture
def healthy(cast):
    return make_namespace(cast.northlight, "healthy", auto_create_indexes=True)


def change(namespace, **values):
    """Write into the document as another program does."""
    collection(store.NAME).update_one({"_id": namespace.namespace_id}, {"$set": values})


def test_odd_payloads_keep_no_namespace_from_its_index(odd, healthy):
    fields = [name for name in ODD if not name.startswith("wide_")]
    filtered(odd, **dict.fromkeys(fields, 500), rank=101, wide_7=500)
    filtered(healthy, rank=500)
    for _ in range(4):
        auto_indexing.run(now=NOW)
        auto_indexing.finish_open()
    assert {name: index.type for name, index in stored(odd).items()} == {
        "huge": "float",
        "nul": "keyword",
        "long": "keyword",
        "first_time": "datetime",
        "odd_time": "datetime",
        "rank": "integer",
        "wide_7": "integer",
    }
    assert {live(odd)[name].points for name in stored(odd)} == {40}
    assert list(stored(healthy)) == ["rank"]
    assert set(AutoIndex.objects.values_list("state", flat=True)) == {"done"}
    assert list(items.open_failures()) == []


def test_the_advice_on_odd_payloads_names_what_no_index_holds(odd):
    filtered(odd, place=500, null_place=500, deep=500, mixed=500)
    found = {a.field_name: a.inference for a in evidence.advised(odd).advice}
    assert {name: one.type for name, one in found.items()} == dict.fromkeys(found)
    assert found["place"].sentence == (
        "No index can hold the sampled values: 40 invalid place."
    )
    assert found["null_place"].examples == ("{lon: null, lat: null}",)


@pytest.mark.parametrize(
    "muted",
    [[{}], [None, 7, ["rank"]], "rank", {"rank": True}, 5, ["", "x" * 300, {"a": []}]],
)
def test_a_muted_list_that_cannot_be_read_is_named(willing_odd, healthy, muted):
    change(willing_odd, muted_auto_indexes=muted)
    for namespace in (willing_odd, healthy):
        filtered(namespace, rank=500)
    [[namespace_id, field, reason]] = auto_indexing.run(now=NOW).left
    assert (namespace_id, field) == (willing_odd.namespace_id, "rank")
    assert "its stored document cannot be read: muted_auto_indexes" in reason
    assert list(stored(healthy)) == ["rank"]
    assert stored(willing_odd) == {}


@pytest.fixture
def willing_odd(cast):
    return make_namespace(cast.northlight, "willing", auto_create_indexes=True)


def test_a_muted_list_is_kept_as_it_is(willing_odd):
    change(willing_odd, muted_auto_indexes=["title", "title", "x" * 300])
    filtered(willing_odd, rank=500, title=500)
    left = auto_indexing.run(now=NOW).left
    assert left == [[willing_odd.namespace_id, "title", "A user dropped this index."]]
    assert list(stored(willing_odd)) == ["rank"]
    raw = store.get(willing_odd.namespace_id)
    assert raw["muted_auto_indexes"] == ["title", "title", "x" * 300]


@pytest.fixture
def spoil(willing_odd):
    """Write odd values into the document of `willing_odd`; all is right afterwards."""
    before = store.get(willing_odd.namespace_id)
    yield lambda **values: change(willing_odd, **values)
    change(willing_odd, **before)


@pytest.mark.parametrize(
    "odd_values",
    [
        {"payload_indexes": [None]},
        {"payload_indexes": ["title"]},
        {"infrastructure": "shared"},
        {"feature_extractors": [{}]},
    ],
    ids=str,
)
def test_an_odd_document_stops_no_other_namespace(
    willing_odd, spoil, healthy, odd_values
):
    spoil(**odd_values)
    for namespace in (willing_odd, healthy):
        filtered(namespace, rank=500)
    auto_indexing.run(now=NOW)
    assert list(stored(healthy)) == ["rank"]


def test_a_failing_namespace_is_recorded_until_it_works_again(cast, healthy):
    gone = make_namespace(
        cast.northlight, "a ghost", in_qdrant=False, auto_create_indexes=True
    )
    for namespace in (gone, healthy):
        filtered(namespace, rank=500)
    auto_indexing.run(now=NOW)
    auto_indexing.run(now=NOW)
    [row] = items.failures_of("namespace", gone.namespace_id)
    assert (row.loop, row.times) == ("auto_indexes", 2)
    assert row.message == "The collection of this namespace is missing in Qdrant."
    change(gone, auto_create_indexes=False)
    auto_indexing.run(now=NOW)
    assert list(items.open_failures()) == []


def test_a_build_that_cannot_be_finished_stops_no_other(willing_odd, spoil, healthy):
    for namespace in (willing_odd, healthy):
        AutoIndex.objects.create(
            namespace_id=namespace.namespace_id,
            field_name="rank",
            index_type="integer",
            count_24h=101,
            created_at="2026-01-01T00:00:00Z",
        )
    spoil(payload_indexes=[7])
    auto_indexing.finish_open()
    assert AutoIndex.objects.get(namespace_id=healthy.namespace_id).state == "failed"


def test_counters_of_another_program_are_left_out(willing_odd):
    filtered(willing_odd, rank=500)
    key = counters._key(
        f"filter:{willing_odd.namespace_id}", counters.hour_of(NOW), "n"
    )
    odd_counts: dict[Any, Any] = {
        b"\xff\xfe": 900,
        "a" * 10_000: 900,
        "with[bracket": 900,
        "nul\0": 900,
        "": 900,
        "title": "many",
        "less": -900,
        "more": "9" * 5_000,
    }
    client().hset(key, mapping=odd_counts)
    [found] = usage.used(willing_odd.namespace_id, now=NOW)
    assert (found.field_name, found.count) == ("rank", 500)
    assert auto_indexing.run(now=NOW).begun == 1


def test_a_count_beyond_every_column_is_stored_as_the_largest(willing_odd):
    filtered(willing_odd, rank=500)
    for hour in range(3):
        key = counters._key(
            f"filter:{willing_odd.namespace_id}", counters.last_hours(NOW, 3)[hour], "n"
        )
        client().hset(key, "rank", 2**63 - 1)
    auto_indexing.run(now=NOW)
    assert AutoIndex.objects.get().count_24h == 2**63 - 1


@pytest.mark.parametrize("kept", ["", "no JSON", "[1]", '{"rank": {"at": "soon"}}'])
def test_a_kept_sample_of_another_version_is_taken_anew(willing_odd, kept):
    name = f"sampled:{willing_odd.namespace_id}"
    ephemeral.store(name, kept, seconds=60)
    assert sample_cache.cached(willing_odd.namespace_id, ["rank"]).inferences == {}
    found = sample_cache.sampled(willing_odd, ["rank"])
    assert found.inferences["rank"].type == "integer"
    assert list(json.loads(ephemeral.load(name))) == ["rank"]


def test_very_many_fields_are_bounded(willing_odd):
    for start in range(0, 20_000, 1_000):
        tallies = {f"f{n}": Tally(500) for n in range(start, start + 1_000)}
        at = counters.last_hours(NOW, 24)[start // 1_000]
        usage.count_filter(willing_odd.namespace_id, tallies, at=at)
    filtered(willing_odd, rank=900)
    run = auto_indexing.run(now=NOW)
    assert run.begun == 1
    assert len(run.left) == 20_000
    assert len(run.to_json()["left"]) == 200
