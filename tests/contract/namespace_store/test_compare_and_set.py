"""Of several writers that read the same document, one wins and the rest know."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.database import Database

Documents = Collection[dict[str, Any]]

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)
READ = {"_id": "ns_a", "revision": 4, "updated_at": AT}


@pytest.fixture
def document(namespaces: Documents) -> Documents:
    namespaces.insert_one({**READ, "description": "old"})
    return namespaces


def test_the_revision_as_read_wins(document: Documents) -> None:
    done = document.replace_one(READ, {**READ, "revision": 5, "description": "new"})
    assert (done.matched_count, done.modified_count) == (1, 1)
    found = document.find_one({"_id": "ns_a"})
    assert found == {**READ, "revision": 5, "description": "new"}


@pytest.mark.parametrize(
    "moved",
    [
        {"revision": 3},
        {"updated_at": AT + timedelta(milliseconds=1)},
        {"updated_at": AT.replace(microsecond=0)},
        {"updated_at": AT - timedelta(days=400)},
        {"_id": "ns_b"},
    ],
)
def test_anything_else_loses_and_writes_nothing(
    document: Documents, moved: dict[str, Any]
) -> None:
    expected = READ | moved
    done = document.replace_one(expected, {**expected, "description": "new"})
    assert (done.matched_count, done.modified_count) == (0, 0)
    assert list(document.find({})) == [{**READ, "description": "old"}]


def test_a_whole_second_is_matched_as_exactly(namespaces: Documents) -> None:
    read = {**READ, "updated_at": AT.replace(microsecond=0)}
    namespaces.insert_one(read)
    assert namespaces.replace_one(READ, {"_id": "ns_a"}).matched_count == 0
    assert namespaces.replace_one(read, {**read, "n": 1}).matched_count == 1


def test_a_date_written_by_an_update_is_matched_as_well(document: Documents) -> None:
    later = AT + timedelta(milliseconds=5)
    document.update_one({"_id": "ns_a"}, {"$set": {"updated_at": later}})
    assert document.replace_one(READ, {"_id": "ns_a"}).matched_count == 0
    expected = {**READ, "updated_at": later}
    assert document.replace_one(expected, {**expected, "n": 1}).matched_count == 1


def test_a_document_without_a_revision_is_adopted_once(namespaces: Documents) -> None:
    """Other writers do not know revisions; absence counts as 0."""
    namespaces.insert_one({"_id": "ns_a", "updated_at": AT})
    expected = {"_id": "ns_a", "revision": {"$exists": False}, "updated_at": AT}
    adopted = {"_id": "ns_a", "revision": 1, "updated_at": AT}
    assert namespaces.replace_one(expected, adopted).matched_count == 1
    assert namespaces.replace_one(expected, adopted).matched_count == 0


def test_a_delete_can_be_held_to_the_revision_as_read(document: Documents) -> None:
    assert document.delete_one({**READ, "revision": 3}).deleted_count == 0
    assert document.delete_one(READ).deleted_count == 1
    assert document.find_one({"_id": "ns_a"}) is None


def test_four_programs_count_to_400_and_lose_nothing(
    database: Database[dict[str, Any]], url: str
) -> None:
    database["namespaces"].insert_one(
        {"_id": "ns_counter", "revision": 0, "count": 0, "updated_at": AT}
    )
    module = "tests.contract.namespace_store.incrementing"
    command = [sys.executable, "-m", module, url, database.name, "100"]
    programs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    lost = [int(program.communicate(timeout=60)[0]) for program in programs]

    found = database["namespaces"].find_one({"_id": "ns_counter"})
    assert found is not None
    assert (found["count"], found["revision"]) == (400, 400)
    assert sum(lost) > 0, "the programs never met, so this proves nothing"
