"""Names are unique per organization, by an index and not by a look beforehand."""

from typing import Any

import pytest
from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

Documents = Collection[dict[str, Any]]


@pytest.fixture
def names(namespaces: Documents) -> Documents:
    """Namespaces with the index; other writers' documents may lack `name_key`."""
    for _ in range(2):  # every start asks for it
        namespaces.create_index(
            [("internal_id", ASCENDING), ("name_key", ASCENDING)],
            unique=True,
            partialFilterExpression={"name_key": {"$type": "string"}},
        )
    namespaces.insert_many(
        [
            {"_id": "ns_1", "internal_id": "int_a", "name_key": "films", "revision": 1},
            {"_id": "ns_2", "internal_id": "int_a", "name_key": "songs", "revision": 1},
            {"_id": "ns_3", "internal_id": "int_b", "name_key": "films", "revision": 1},
        ]
    )
    return namespaces


def test_an_insert_of_a_taken_name_is_refused(names: Documents) -> None:
    taken = {"_id": "ns_4", "internal_id": "int_a", "name_key": "films"}
    with pytest.raises(DuplicateKeyError) as refused:
        names.insert_one(taken)
    assert refused.value.code == 11000
    assert names.find_one({"_id": "ns_4"}) is None


def test_a_replace_that_takes_a_taken_name_is_refused(names: Documents) -> None:
    renamed = {"_id": "ns_2", "internal_id": "int_a", "name_key": "films"}
    with pytest.raises(DuplicateKeyError):
        names.replace_one({"_id": "ns_2", "revision": 1}, renamed)
    found = names.find_one({"_id": "ns_2"})
    assert found is not None
    assert found["name_key"] == "songs", "a refused replace changes nothing"


def test_a_document_may_keep_its_own_name(names: Documents) -> None:
    same = {"_id": "ns_2", "internal_id": "int_a", "name_key": "songs", "revision": 2}
    assert names.replace_one({"_id": "ns_2", "revision": 1}, same).matched_count == 1


def test_a_name_is_free_in_another_organization(names: Documents) -> None:
    names.insert_one({"_id": "ns_4", "internal_id": "int_c", "name_key": "films"})
    assert len(list(names.find({"name_key": "films"}))) == 3


def test_a_name_is_free_after_the_document_gave_it_up(names: Documents) -> None:
    tombstone = {"_id": "ns_1", "internal_id": "int_a", "revision": 2}
    names.replace_one({"_id": "ns_1"}, tombstone)
    names.insert_one({"_id": "ns_4", "internal_id": "int_a", "name_key": "films"})
    names.delete_one({"_id": "ns_4"})
    names.insert_one({"_id": "ns_5", "internal_id": "int_a", "name_key": "films"})
    found = names.find({"internal_id": "int_a"}).sort("_id", 1)
    assert [document["_id"] for document in found] == ["ns_1", "ns_2", "ns_5"]


def test_documents_without_a_name_key_are_not_compared(names: Documents) -> None:
    names.insert_many(
        [
            {"_id": "ns_4", "internal_id": "int_a", "namespace_name": "foreign"},
            {"_id": "ns_5", "internal_id": "int_a", "namespace_name": "foreign"},
            {"_id": "ns_6", "internal_id": "int_a", "name_key": None},
            {"_id": "ns_7", "internal_id": "int_a", "name_key": None},
        ]
    )
    assert len(list(names.find({"internal_id": "int_a"}))) == 6


def test_an_upsert_cannot_take_a_taken_name(names: Documents) -> None:
    taken = {"_id": "ns_4", "internal_id": "int_b", "name_key": "films"}
    with pytest.raises(DuplicateKeyError):
        names.replace_one({"_id": "ns_4"}, taken, upsert=True)
    assert names.find_one({"_id": "ns_4"}) is None


def test_a_name_is_found_by_a_question_that_the_index_serves(names: Documents) -> None:
    names.insert_one({"_id": "ns_4", "internal_id": "int_a", "name_key": 7})
    wanted = {"internal_id": "int_a", "name_key": {"$eq": "films", "$type": "string"}}
    assert [document["_id"] for document in names.find(wanted)] == ["ns_1"]
    number = {"internal_id": "int_a", "name_key": {"$eq": 7, "$type": "string"}}
    assert list(names.find(number)) == []
