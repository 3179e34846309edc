"""The planner uses an index for every question that is not about all documents."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from nsadmin.stores.mongo import indexes, namespaces, resource_reads, resources
from nsadmin.stores.mongo.connection import database
from tests.stores.namespace_store.commands import monitored

ASKED: dict[str, Callable[[], object]] = {
    "by name": lambda: namespaces.find_by_name("int_7", "films 7"),
    "by name of all": lambda: namespaces.find_all_by_name("films 7"),
    "by collection": lambda: namespaces.find_by_collection("c_7"),
    "by id": lambda: namespaces.get("ns_007"),
    "by ids": lambda: namespaces.get_many(["ns_007", "ns_008"]),
    "a page": lambda: resources.page("buckets", "ns_007"),
    "by resource id": lambda: resource_reads.by_id("buckets", "ns_007", "b"),
}
# The embedded server answers these in SQL of ours, which its explanation is not about.
ONLY_MONGODB = {"by name", "by collection"}
# Left out of an explanation: they are of the session, not of the question.
_SESSION = ("lsid", "$db", "$clusterTime", "maxTimeMS")


@pytest.fixture
def filled(stores: Any) -> None:
    """Documents enough for a planner to prefer an index."""
    for n in range(40):
        place = {"qdrant_collection": f"c_{n}"}
        document = {"_id": f"ns_{n:03}", "internal_id": f"int_{n}", "revision": 1}
        named = {"name_key": f"films {n}", "collection_key": f"shared:c_{n}"}
        namespaces.insert({**document, **named, "infrastructure": place})
    resources.put("buckets", [{"_id": "b", "bucket_id": "b", "namespace_id": "ns_007"}])


def stages_of(plan: Any) -> set[str]:
    """The stages of a plan of MongoDB, or the lines of the embedded server's."""
    if isinstance(plan, list):
        return {stage for part in plan for stage in stages_of(part)}
    if not isinstance(plan, dict):
        return set()
    own = {str(plan[key]) for key in ("stage", "detail") if key in plan}
    inner = (value for value in plan.values() if isinstance(value, dict | list))
    return own | {stage for value in inner for stage in stages_of(value)}


def explained(command: dict[str, Any]) -> set[str]:
    """The stages by which the server would answer a find."""
    asked = {key: value for key, value in command.items() if key not in _SESSION}
    told = database().command({"explain": asked, "verbosity": "queryPlanner"})
    return stages_of(told["queryPlanner"]["winningPlan"])


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ASKED)
def test_no_question_looks_at_every_document(name: str) -> None:
    if name in ONLY_MONGODB and not os.environ.get("NSADMIN_TEST_MONGODB_URL"):
        pytest.skip("Only MongoDB explains it: set NSADMIN_TEST_MONGODB_URL.")
    with monitored() as commands:
        ASKED[name]()
        finds = [body for body in commands.sent if "find" in body]
    assert finds
    for body in finds:
        stages = explained(body)
        assert stages
        scans = {s for s in stages if s == "COLLSCAN" or s.startswith("SCAN ")}
        assert not scans, (body, stages)


def test_they_are_made_twice_without_harm(stores: Any) -> None:
    indexes.ensure()
    fields = {
        tuple(field for field, _ in index["key"])
        for index in database()["namespaces"].index_information().values()
    }
    assert fields >= {
        ("internal_id",),
        ("name_key",),
        ("infrastructure.qdrant_collection",),
        ("internal_id", "name_key"),
        ("collection_key",),
    }
