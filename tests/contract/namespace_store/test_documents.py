"""What is written is what is read: types, unknown keys, sizes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bson import Int64
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

Documents = Collection[dict[str, Any]]

AT = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)
WHOLE_SECOND = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def stored(documents: Documents, document: dict[str, Any]) -> dict[str, Any]:
    """Insert a bare document, replace it by the given one, read that."""
    documents.insert_one({"_id": document["_id"], "revision": 0})
    done = documents.replace_one({"_id": document["_id"], "revision": 0}, document)
    assert (done.matched_count, done.modified_count) == (1, 1)
    found = documents.find_one({"_id": document["_id"]})
    assert found is not None
    return found


def test_dates_at_the_top_and_inside_read_back_as_dates(namespaces: Documents) -> None:
    document = {
        "_id": "ns_dates",
        "created_at": AT,
        "updated_at": WHOLE_SECOND,
        "expires_at": datetime(1969, 12, 31, 23, 59, 59, 1000, tzinfo=UTC),
        "infrastructure": {"migrated_at": AT, "deep": {"er": WHOLE_SECOND}},
        "changes": [{"op_id": "op_1", "at": AT}, {"op_id": "op_2", "at": [AT]}],
    }
    found = stored(namespaces, document)
    assert found == document
    dates = [found["created_at"], found["changes"][0]["at"], found["changes"][1]["at"]]
    assert [type(it) for it in dates] == [datetime, datetime, list]
    assert found["infrastructure"]["deep"]["er"].tzinfo is not None


def test_dates_survive_a_second_replace_of_the_document_as_read(
    namespaces: Documents,
) -> None:
    first = stored(namespaces, {"_id": "ns_twice", "at": AT, "in": [{"at": AT}]})
    namespaces.replace_one({"_id": "ns_twice"}, {**first, "description": "new"})
    second = namespaces.find_one({"_id": "ns_twice"})
    assert second == {**first, "description": "new"}


def test_dates_are_stored_in_utc_to_the_millisecond(namespaces: Documents) -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    fine = AT.replace(microsecond=891_999)
    found = stored(namespaces, {"_id": "ns_zone", "a": elsewhere, "b": fine})
    assert found == {"_id": "ns_zone", "a": AT, "b": AT}
    assert found["a"].utcoffset() == timedelta(0)


def test_a_string_that_looks_like_a_date_stays_a_string(namespaces: Documents) -> None:
    document = {"_id": "ns_text", "a": "2026-03-04T05:06:07Z", "b": ["2026-03-04"]}
    assert stored(namespaces, document) == document


def test_values_keep_their_types(namespaces: Documents) -> None:
    document = {
        "_id": "ns_types",
        "text": 'ünï 😀 "q" \\ \n it\'s \u202e',
        "number": 7,
        "large": 2**53 + 1,
        "long": Int64(2**40),
        "real": 0.5,
        "whole": 2.0,
        "yes": True,
        "nothing": None,
        "empty": [[], {}, ""],
        "list": [1, "1", None, {"k": [True, 1.5]}],
    }
    found = stored(namespaces, document)
    assert found == document
    for key in ("yes", "whole", "real", "number"):
        assert type(found[key]) is type(document[key])


@pytest.mark.parametrize("key", ["metadata.title", "$x", "a b", "0", "", 'q"t', "é"])
def test_any_key_may_stand_in_a_map(namespaces: Documents, key: str) -> None:
    document = {"_id": "ns_keys", "map": {key: {"type": "text"}, "z": 1, "a": 2}}
    found = stored(namespaces, document)
    assert found == document
    assert list(found["map"]) == [key, "z", "a"], "the order of keys is kept"


def test_keys_of_other_writers_are_kept(namespaces: Documents) -> None:
    """The platform writes here too; we replace whole documents, theirs included."""
    theirs = {"billing": {"tier": "gold", "since": AT}, "legacy_flags": ["a", None]}
    namespaces.insert_one({"_id": "ns_a", "revision": 1, "name": "old", **theirs})
    read = namespaces.find_one({"_id": "ns_a"})
    assert read is not None
    namespaces.replace_one({"_id": "ns_a", "revision": 1}, {**read, "name": "new"})
    found = namespaces.find_one({"_id": "ns_a"})
    assert found == {"_id": "ns_a", "revision": 1, "name": "new", **theirs}


def test_updates_by_other_programs_keep_dates_and_documents_what_they_are(
    namespaces: Documents,
) -> None:
    """We never write like this, but the platform does."""
    namespaces.insert_one({"_id": "ns_a", "revision": 1, "at": AT, "map": {"a.b": 1}})
    for update in (
        {"$set": {"at": WHOLE_SECOND, "new_at": AT, "deep": {"at": AT}}},
        {"$set": {"deep.er": [AT, {"at": AT}]}, "$inc": {"revision": 1}},
        {"$push": {"changes": {"op_id": "op_1", "at": AT}}},
        {"$push": {"changes": {"$each": [{"op_id": "op_2", "at": AT}]}}},
        {"$max": {"new_at": WHOLE_SECOND}, "$unset": {"nothing": ""}},
    ):
        assert namespaces.update_one({"_id": "ns_a"}, update).matched_count == 1
    assert namespaces.find_one({"_id": "ns_a"}) == {
        "_id": "ns_a",
        "revision": 2,
        "at": WHOLE_SECOND,
        "map": {"a.b": 1},
        "new_at": AT,
        "deep": {"at": AT, "er": [AT, {"at": AT}]},
        "changes": [{"op_id": "op_1", "at": AT}, {"op_id": "op_2", "at": AT}],
    }


def test_a_find_and_update_by_other_programs_keeps_dates(namespaces: Documents) -> None:
    namespaces.insert_one({"_id": "ns_a", "revision": 1})
    found = namespaces.find_one_and_update(
        {"_id": "ns_a", "revision": 1},
        {"$set": {"updated_at": AT}, "$inc": {"revision": 1}},
        return_document=ReturnDocument.AFTER,
    )
    assert found == {"_id": "ns_a", "revision": 2, "updated_at": AT}
    assert namespaces.find_one({"_id": "ns_a"}) == found


def test_a_replace_removes_the_keys_that_it_leaves_out(namespaces: Documents) -> None:
    namespaces.insert_one({"_id": "ns_a", "old": 1, "in": {"old": 1}})
    namespaces.replace_one({"_id": "ns_a"}, {"_id": "ns_a", "in": {"new": 1}})
    assert namespaces.find_one({"_id": "ns_a"}) == {"_id": "ns_a", "in": {"new": 1}}


def test_an_upsert_that_carries_its_id_may_be_repeated(namespaces: Documents) -> None:
    document = {"_id": "ns_a:object_1", "namespace_id": "ns_a", "at": AT, "n": [1]}
    first = namespaces.replace_one({"_id": document["_id"]}, document, upsert=True)
    second = namespaces.replace_one({"_id": document["_id"]}, document, upsert=True)
    assert first.upserted_id == document["_id"]
    assert (second.matched_count, second.upserted_id) == (1, None)
    assert list(namespaces.find({})) == [document]


def test_a_document_of_10_megabytes_is_read_back_whole(namespaces: Documents) -> None:
    text = "ä" * (5 * 1024 * 1024)
    found = stored(namespaces, {"_id": "ns_large", "text": text, "at": AT})
    assert found["text"] == text
    assert found["at"] == AT


def test_a_thousand_documents_are_inserted_at_once(namespaces: Documents) -> None:
    batch = [{"_id": f"ns_a:{n:04}", "n": n, "at": AT} for n in range(1000)]
    assert len(namespaces.insert_many(batch, ordered=False).inserted_ids) == 1000
    assert list(namespaces.find({}).sort("_id", 1)) == batch


def test_a_repeated_bulk_insert_adds_what_is_missing_and_names_the_rest(
    namespaces: Documents,
) -> None:
    """A copy that was cut off is begun again; what is there already is no fault."""
    namespaces.insert_many([{"_id": "a"}, {"_id": "c"}])
    with pytest.raises(BulkWriteError) as refused:
        namespaces.insert_many([{"_id": i} for i in "abcd"], ordered=False)
    details = refused.value.details
    assert details["nInserted"] == 2
    errors = [(error["index"], error["code"]) for error in details["writeErrors"]]
    assert errors == [(0, 11000), (2, 11000)]
    assert [found["_id"] for found in namespaces.find({}).sort("_id", 1)] == [*"abcd"]
