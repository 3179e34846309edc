"""Automatic indexes that hold too little, and collections in strict mode."""

import pytest

from nsadmin.advice import auto_indexing, evidence, index_build, index_coverage
from nsadmin.advice.infer import Inference
from nsadmin.advice.models import AutoIndex
from nsadmin.advice.rules import Holding
from nsadmin.advice.usage import FieldUsage
from nsadmin.audit.models import AuditEvent
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.schema import document
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import points
from nsadmin.stores.qdrant.cluster import http, shared
from tests.advice.test_auto import NOW, filtered, live, stored
from tests.cast import make_namespace

USED = FieldUsage("when", 500, 500, 500, NOW, NOW, None)


@pytest.fixture
def willing(cast):
    """40 points, of which every fourth has a time that Qdrant parses."""
    made = make_namespace(
        cast.northlight, "willing", point_count=40, auto_create_indexes=True
    )
    found, _ = points.page(shared(), made.collection, with_vectors=True)
    for number, point in enumerate(found):
        minute = "2024-05-01T10:00Z"
        point["payload"]["when"] = minute if number % 4 else "2024-05-01"
    points.put(shared(), made.collection, found)
    return made


def wrongly_inferred(namespace):
    """Begin the build that a sample of other points would have asked for."""
    guess = Inference("datetime", {"datetime": 10}, 10, 10, ())
    return index_build.begin(namespace, USED, guess)


def now_stored(namespace):
    return document.read(store.get(namespace.namespace_id))


def strict(namespace, **rules):
    """Put the collection in strict mode with these rules."""
    path = f"/collections/{namespace.collection}"
    body = {"strict_mode_config": {"enabled": True, **rules}}
    assert http(shared()).patch(path, json=body).status_code == 200


def test_an_index_that_holds_too_little_is_dropped_and_said_so_once(willing):
    row = wrongly_inferred(willing)
    sentence = "It holds 10 of the 40 points that have a value, so it is dropped again."
    assert (row.state, row.error) == ("dropped", sentence)
    assert stored(willing) == {}
    assert "when" not in live(willing)
    assert store.get(willing.namespace_id)["muted_auto_indexes"] == ["when"]
    told = list(AuditEvent.objects.order_by("pk").values_list("summary", "outcome"))
    assert told == [
        ("Build the datetime index on when. Filtered 500 times in 24 hours.", "done"),
        (f"Drop the datetime index on when. {sentence}", "done"),
    ]
    filtered(willing, when=500)
    for _ in range(3):
        run = auto_indexing.run(now=NOW)
        assert (run.begun, run.left) == (0, [])
    assert AuditEvent.objects.count() == 2
    assert evidence.advised(now_stored(willing)).muted == {"when": sentence}


def test_the_sample_alone_keeps_an_index_from_being_built_in_vain(willing):
    filtered(willing, when=500)
    auto_indexing.run(now=NOW)
    assert stored(willing)["when"].type == "keyword"
    assert live(willing)["when"].points == 40


def test_a_person_who_builds_it_ends_the_mute(cast, willing):
    wrongly_inferred(willing)
    wish = {"payload_indexes": [{"field_name": "when", "type": "datetime"}]}
    commit.commit(cast.actor(), willing.namespace_id, parse_patch(wish))
    assert index_build.muted(now_stored(willing)) == {}
    assert live(willing)["when"].points == 10
    advice = evidence.advised(now_stored(willing)).advice
    assert [(a.kind, a.index_type, a.sentence) for a in advice] == [
        (
            "wrong_type",
            "keyword",
            "The datetime index holds 10 of the 40 points that have a value.",
        )
    ]


def test_a_drop_that_a_crash_cut_off_is_told_by_the_next_run(willing):
    row = wrongly_inferred(willing)
    AutoIndex.objects.filter(pk=row.pk).update(state="building", ended_at=None)
    assert auto_indexing.finish_open() == 1
    row.refresh_from_db()
    assert (row.state, row.error[:11]) == ("dropped", "It holds 10")


def test_indexes_of_every_spelling_are_not_called_wrong(cast):
    kinds = {
        "whole": "integer",
        "digits": "uuid",
        "high": "geo",
        "minute": "datetime",
        "north": "geo",
        "number": "keyword",
    }
    made = make_namespace(
        cast.northlight,
        "spelled",
        point_count=40,
        indexes={name: {"type": kind} for name, kind in kinds.items()},
    )
    found, _ = points.page(shared(), made.collection, with_vectors=True)
    for point in found:
        point["payload"] |= {
            "whole": 10.0,
            "digits": "7f3a2b10111142228333444455556666",
            "high": {"lon": 13.4, "lat": 52.5, "alt": 30},
            "minute": "2024-05-01T10:00Z",
            "north": {"lon": 13.4, "lat": 91},
            "number": 7,
        }
    points.put(shared(), made.collection, found)
    advice = evidence.advised(made).advice
    assert {a.field_name: a.index_type for a in advice} == {
        "minute": "keyword",
        "north": None,
        "number": "integer",
    }
    assert {a.sentence.partition(" index ")[2] for a in advice} == {
        "holds 0 of the 40 points that have a value."
    }


def test_points_without_a_value_count_for_nothing(cast):
    made = make_namespace(
        cast.northlight, "empty", point_count=40, indexes={"a": {"type": "integer"}}
    )
    found, _ = points.page(shared(), made.collection, with_vectors=True)
    empty = [None, [], [None], [1, None], 5]
    for number, point in enumerate(found):
        point["payload"]["a"] = empty[number % 5]
    points.put(shared(), made.collection, found)
    assert index_coverage.holding(made, "a") == Holding("integer", 8, 16)
    assert evidence.advised(made).advice == []


@pytest.fixture
def wrong(cast):
    made = make_namespace(
        cast.northlight, "wrong", indexes={"rank": {"type": "keyword"}}
    )
    assert live(made)["rank"].points == 0
    return made


def test_what_strict_mode_refuses_to_count_is_not_called_wrong(wrong):
    strict(wrong, filter_max_conditions=1)
    assert evidence.advised(wrong).advice == []


def test_a_small_query_limit_makes_smaller_samples(wrong):
    strict(wrong, max_query_limit=2)
    filtered(wrong, title=500)
    found = evidence.advised(wrong)
    assert [(a.kind, a.index_type) for a in found.advice] == [
        ("missing", "keyword"),
        ("wrong_type", "integer"),
    ]
    assert found.advice[0].inference.points in (2, 3)
    assert found.unknown == ""


@pytest.fixture
def guarded(willing):
    """The same in strict mode, where fields without an index are not filtered by."""
    strict(
        willing,
        max_query_limit=10,
        unindexed_filtering_retrieve=False,
        max_payload_index_count=12,
    )
    return willing


def test_an_index_is_built_in_strict_mode_and_its_gain_is_unknown(guarded):
    filtered(guarded, rank=900, title=500)
    run = auto_indexing.run(now=NOW)
    assert list(stored(guarded)) == ["rank"]
    row = AutoIndex.objects.get()
    assert (row.state, row.before_ms, row.gain) == ("done", None, None)
    assert (row.expected, row.found) == (1, 1)
    full = "The strict mode of the collection allows 12 payload indexes"
    assert run.left == [[guarded.namespace_id, "title", f"{full}, and it has as many."]]


def test_too_little_is_seen_by_the_sample_where_strict_mode_counts_nothing(willing):
    found, _ = points.page(shared(), willing.collection, with_vectors=True)
    for point in found:
        point["payload"]["when"] = "soon"
    points.put(shared(), willing.collection, found)
    strict(willing, filter_max_conditions=1)
    row = wrongly_inferred(willing)
    assert row.state == "dropped"
    assert row.error.startswith("It holds 0 of the 10 points")
