"""Counting, grouping and paging, in the forms that every server answers alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import Int64, ObjectId
from pymongo.collection import Collection

Documents = Collection[dict[str, Any]]


@pytest.fixture
def objects(namespaces: Documents) -> Documents:
    """60 objects of two namespaces; some share their time, so `_id` decides."""
    for _ in range(2):  # every start asks for them
        namespaces.create_index([("namespace_id", 1), ("created_ms", -1), ("_id", -1)])
        namespaces.create_index([("namespace_id", 1), ("_id", 1)])
    namespaces.insert_many(
        {
            "_id": f"ns_{'ab'[n % 2]}:obj_{n:02}",
            "namespace_id": f"ns_{'ab'[n % 2]}",
            "bucket_id": f"bkt_{n % 3}",
            "created_ms": 1_700_000_000_000 + n // 4,
            "status": {"kind": "ready" if n < 40 else "draft"},
        }
        for n in range(60)
    )
    return namespaces


def count(documents: Documents, condition: dict[str, Any]) -> int:
    """Count as the application does; `count_documents` is slow when embedded."""
    found = list(documents.aggregate([{"$match": condition}, {"$count": "n"}]))
    return int(found[0]["n"]) if found else 0


def test_counting_by_match_and_count(objects: Documents) -> None:
    assert count(objects, {}) == 60
    assert count(objects, {"namespace_id": "ns_a"}) == 30
    assert count(objects, {"namespace_id": "ns_b", "status.kind": "draft"}) == 10
    assert count(objects, {"namespace_id": {"$in": ["ns_a", "ns_c"]}}) == 30
    assert count(objects, {"namespace_id": "ns_c"}) == 0


def test_counting_by_groups_of_one_key(objects: Documents) -> None:
    groups = objects.aggregate(
        [
            {"$match": {"namespace_id": "ns_a"}},
            {"$group": {"_id": "$bucket_id", "n": {"$sum": 1}}},
            {"$sort": {"_id": 1}},
        ]
    )
    assert list(groups) == [{"_id": f"bkt_{n}", "n": 10} for n in range(3)]


def test_paging_by_key_sees_each_document_once_in_order(objects: Documents) -> None:
    order = [("created_ms", -1), ("_id", -1)]
    seen: list[dict[str, Any]] = []
    condition: dict[str, Any] = {"namespace_id": "ns_a"}
    while page := list(objects.find(condition).sort(order).limit(7)):
        seen += page
        at, key = page[-1]["created_ms"], page[-1]["_id"]
        after = [{"created_ms": {"$lt": at}}, {"created_ms": at, "_id": {"$lt": key}}]
        condition = {"namespace_id": "ns_a", "$or": after}

    keys = [(document["created_ms"], document["_id"]) for document in seen]
    assert len(keys) == 30
    assert keys == sorted(keys, reverse=True)


def test_paging_by_id_alone_reads_a_whole_collection(objects: Documents) -> None:
    seen: list[str] = []
    while page := list(
        objects.find({"namespace_id": "ns_b", "_id": {"$gt": seen[-1] if seen else ""}})
        .sort("_id", 1)
        .limit(8)
    ):
        seen += [document["_id"] for document in page]
    assert seen == sorted(f"ns_b:obj_{n:02}" for n in range(1, 60, 2))


def test_in_finds_the_named_and_no_others(objects: Documents) -> None:
    wanted = ["ns_a:obj_04", "ns_b:obj_05", "ns_a:obj_05", "nothing"]
    found = objects.find({"_id": {"$in": wanted}}).sort("_id", 1)
    assert [document["_id"] for document in found] == ["ns_a:obj_04", "ns_b:obj_05"]
    assert list(objects.find({"_id": {"$in": []}})) == []


def test_a_filter_by_namespace_keeps_strangers_out(objects: Documents) -> None:
    foreign = {"_id": "ns_a:obj_04", "namespace_id": "ns_b"}
    assert objects.find_one(foreign) is None
    assert objects.replace_one(foreign, {"_id": "ns_a:obj_04"}).matched_count == 0
    assert objects.delete_one(foreign).deleted_count == 0
    assert count(objects, {}) == 60


def test_a_projection_brings_the_named_keys_and_the_id(objects: Documents) -> None:
    found = objects.find_one({"_id": "ns_a:obj_04"}, {"namespace_id": 1})
    assert found == {"_id": "ns_a:obj_04", "namespace_id": "ns_a"}


def test_a_projection_keeps_types_and_values(namespaces: Documents) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    odd: list[Any] = [
        *(0, 7, -7, 2**31, 2**62, 1.0, -0.5, 1e300, True, None),
        *("", "7", 'a "quoted" \\ line\n', "žluť 🙂", '{"$date":"x"}', "a" * 5000),
        *(at, [at, 1], {"a": {"b": at}}, {}, [], ObjectId(), b"bytes", Int64(5)),
    ]
    stored = [{"_id": f"ns_{n:02}", "revision": value} for n, value in enumerate(odd)]
    stored.append({"_id": "ns_none"})
    namespaces.insert_many([{**one, "more": "text"} for one in stored])
    found = namespaces.find({}, {"_id": 1, "revision": 1}).sort("_id", 1)
    shown = [(key, type(value), value) for one in found for key, value in one.items()]
    whole = namespaces.find({}).sort("_id", 1)
    assert shown == [
        (key, type(value), value)
        for one in whole
        for key, value in one.items()
        if key != "more"
    ]
    kept = {"_id": "ns_16", "revision": at}
    assert namespaces.find_one({"_id": "ns_16"}, {"revision": 1}) == kept


def test_deleting_many_by_namespace_leaves_the_others(objects: Documents) -> None:
    assert objects.delete_many({"namespace_id": "ns_a"}).deleted_count == 30
    assert count(objects, {}) == count(objects, {"namespace_id": "ns_b"}) == 30
    assert objects.delete_many({"namespace_id": "ns_a"}).deleted_count == 0


def test_a_cursor_passes_the_size_of_one_batch(objects: Documents) -> None:
    found = objects.find({}).sort("_id", 1).batch_size(7)
    assert len([document["_id"] for document in found]) == 60


def test_dates_are_compared_and_sorted_to_the_millisecond(
    namespaces: Documents,
) -> None:
    whole = datetime(2026, 1, 1, tzinfo=UTC)
    dates = {n: whole + timedelta(milliseconds=n) for n in (-1, 0, 1, 500, 1000)}
    namespaces.insert_many({"_id": n, "at": at} for n, at in dates.items())

    def found(condition: Any) -> list[int]:
        return [d["_id"] for d in namespaces.find({"at": condition}).sort("at", 1)]

    assert found({"$exists": True}) == [-1, 0, 1, 500, 1000]
    assert found(dates[1]) == [1]
    assert found({"$gt": whole}) == [1, 500, 1000]
    assert found({"$gte": whole, "$lt": dates[1000]}) == [0, 1, 500]
    assert found({"$lte": dates[1]}) == [-1, 0, 1]
    assert found({"$in": [dates[0], dates[500]]}) == [0, 500]
    assert found({"$ne": whole}) == [-1, 1, 500, 1000]
    assert count(namespaces, {"at": dates[1]}) == 1
    assert count(namespaces, {"at": {"$gt": whole}}) == 3
    assert count(namespaces, {"at": {"$gte": whole, "$lt": dates[500]}}) == 2
    condition = {"at": {"$in": [dates[1], dates[500]]}}
    assert namespaces.delete_many(condition).deleted_count == 2
    assert found({"$gt": whole}) == [1000]
