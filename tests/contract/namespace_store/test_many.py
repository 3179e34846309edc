"""Reading many documents: by ranges, in batches, and as parts of them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

Documents = Collection[dict[str, Any]]

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 2500


@pytest.fixture
def many(namespaces: Documents) -> Documents:
    """2,500 documents, written in one command in no order of their ids."""
    namespaces.create_index([("updated_at", 1), ("_id", 1)])
    namespaces.insert_many(
        [
            {
                "_id": f"ns_{n * 7919 % MANY:05}",
                "revision": n,
                "updated_at": FIRST + timedelta(milliseconds=n),
                "infrastructure": {"tier": "shared", "n": n},
                "more": [{"at": FIRST, "text": "é" * 20}],
            }
            for n in range(MANY)
        ],
        ordered=False,
    )
    return namespaces


def slices(documents: Documents, *keys: str) -> Iterator[list[dict[str, Any]]]:
    """All documents by their ids, 400 at a time."""
    last = ""
    while True:
        found = documents.find({"_id": {"$gt": last}}, dict.fromkeys(keys, 1))
        rows = list(found.sort("_id", 1).limit(400))
        if not rows:
            return
        yield rows
        last = rows[-1]["_id"]


def test_slices_by_id_have_each_document_once_in_order(many: Documents) -> None:
    rows = [row for part in slices(many, "revision", "updated_at") for row in part]

    assert [row["_id"] for row in rows] == [f"ns_{n:05}" for n in range(MANY)]
    assert {len(row) for row in rows} == {3}
    assert rows[0]["updated_at"] == FIRST
    assert sorted(row["revision"] for row in rows) == list(range(MANY))


def test_one_cursor_over_all_of_them_has_each_once(many: Documents) -> None:
    whole = list(many.find({}))

    assert sorted(row["revision"] for row in whole) == list(range(MANY))
    assert whole[0]["more"] == [{"at": FIRST, "text": "é" * 20}]


def test_a_cursor_goes_on_while_others_write(many: Documents) -> None:
    cursor = iter(many.find({}, {"revision": 1}).sort("_id", 1).batch_size(100))
    first = next(cursor)["_id"]
    many.delete_many({"_id": {"$gte": "ns_02000"}})
    many.insert_one({"_id": "ns_99999", "revision": 1})

    seen = [first, *(row["_id"] for row in cursor)]

    assert seen[:2000] == [f"ns_{n:05}" for n in range(2000)]
    assert len(seen) == len(set(seen))


def test_a_range_of_dates_is_exact_and_has_no_other_types(many: Documents) -> None:
    many.insert_many([{"_id": "text", "updated_at": "2026"}, {"_id": "none"}])
    after = FIRST + timedelta(milliseconds=MANY - 3)

    found = many.find({"updated_at": {"$gte": after}}, {"revision": 1})
    rows = list(found.sort([("updated_at", 1), ("_id", 1)]))
    between = {"updated_at": {"$gt": FIRST, "$lte": FIRST + timedelta(milliseconds=2)}}

    assert [row["revision"] for row in rows] == [MANY - 3, MANY - 2, MANY - 1]
    assert {row["revision"] for row in many.find(between)} == {1, 2}


def test_ids_of_other_types_are_in_no_range_of_texts(namespaces: Documents) -> None:
    other = ObjectId()
    namespaces.insert_many([{"_id": other}, {"_id": "ns_a"}, {"_id": "zz"}])

    found = namespaces.find({"_id": {"$gt": ""}}).sort("_id", 1)

    assert [row["_id"] for row in found] == ["ns_a", "zz"]
    assert namespaces.find_one({"_id": other}) == {"_id": other}


def test_ids_that_look_like_numbers_are_texts(namespaces: Documents) -> None:
    namespaces.insert_many([{"_id": "ns_a"}, {"_id": "9"}, {"_id": "10"}])

    found = namespaces.find({"_id": {"$gt": ""}}).sort("_id", 1)

    assert [row["_id"] for row in found] == ["10", "9", "ns_a"]


def test_a_projection_keeps_types_and_leaves_out_what_is_missing(
    namespaces: Documents,
) -> None:
    stored = {"_id": "ns_a", "n": 2**40, "f": 1.5, "none": None, "b": b"\0\1"}
    namespaces.insert_one({**stored, "o": ObjectId(b"0" * 12), "left": 1})
    wanted = dict.fromkeys(["n", "f", "none", "b", "o", "missing"], 1)

    found = namespaces.find_one({"_id": "ns_a"}, wanted)

    assert found == {**stored, "o": ObjectId(b"0" * 12)}
    assert namespaces.find_one({"_id": "ns_a"}, {"f": 1, "_id": 0}) == {"f": 1.5}


def test_counting_many_by_a_condition(many: Documents) -> None:
    assert many.count_documents({}) == MANY
    assert many.count_documents({"revision": {"$gte": MANY - 5}}) == 5
    assert many.count_documents({"revision": -1}) == 0


def test_none_of_no_ids_is_found_without_reading_all(many: Documents) -> None:
    began = time.monotonic()
    assert len(list(many.find({}))) == MANY
    all_s = time.monotonic() - began

    began = time.monotonic()
    for field in ("_id", "revision"):
        assert list(many.find({field: {"$in": []}}, {"revision": 1})) == []
    assert many.count_documents({"revision": {"$in": []}}) == 0
    assert time.monotonic() - began < all_s


def test_a_duplicate_among_many_is_refused_alone(many: Documents) -> None:
    with pytest.raises(OperationFailure):
        many.insert_many(
            [{"_id": "new_1"}, {"_id": "ns_00001"}, {"_id": "new_2"}], ordered=False
        )

    assert many.count_documents({"_id": {"$in": ["new_1", "new_2"]}}) == 2


@pytest.mark.embedded_only
def test_a_quiet_stream_is_asked_once_for_its_time(
    client: MongoClient[dict[str, Any]], namespaces: Documents
) -> None:
    namespaces.insert_one({"_id": "ns_a"})
    with namespaces.watch(max_await_time_ms=300) as stream:
        began = time.monotonic()
        assert stream.try_next() is None
        assert time.monotonic() - began >= 0.25


@pytest.mark.embedded_only
def test_a_token_whose_changes_are_gone_is_refused(namespaces: Documents) -> None:
    namespaces.insert_one({"_id": "ns_a"})
    with namespaces.watch(max_await_time_ms=100) as stream:
        namespaces.insert_one({"_id": "ns_b"})
        change = stream.try_next()
        assert change is not None
        for number in range(1200):
            namespaces.update_one({"_id": "ns_a"}, {"$set": {"n": number}})
        while stream.try_next() is not None:
            pass

    with pytest.raises(OperationFailure) as refused:
        namespaces.watch(resume_after=change["_id"])
    assert refused.value.code == 286
