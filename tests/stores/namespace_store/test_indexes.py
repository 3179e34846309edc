"""The planner uses an index for every read that is not about all documents.

With NSADMIN_TEST_MONGODB_URL a MongoDB explains them all.
"""

import os
from typing import Any

import pytest

from nsadmin.errors import Unavailable
from nsadmin.stores.mongo import connection, indexes, namespaces, resources
from nsadmin.stores.mongo.connection import database
from tests.stores.namespace_store.calls import ID, READS
from tests.stores.namespace_store.commands import monitored

# These read every document; each has its own limit of time.
OF_ALL = {
    "namespaces.every",
    "namespaces.every_collection",
    "namespaces.with_left_behind",
}
# Only MongoDB has an index for these. The embedded server answers them in SQL of ours,
# which its explanation is not about, or reads all for lack of a better way.
ONLY_MONGODB = {
    *("namespaces.find_by_name", "namespaces.find_by_collection"),
    *("namespaces.marks_after", "namespaces.documents_after", "namespaces.other_marks"),
    *("namespaces.marks_changed_at", "resources.summaries", "resources.counts_of"),
}
IS_EMBEDDED = not os.environ.get("NSADMIN_TEST_MONGODB_URL")
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
    for kind in resources.KINDS:
        resources.put(kind, [{"_id": "other", "namespace_id": "ns_007"}])
    resources.put("collections", [{"_id": "one", "namespace_id": ID}])


def explained(command: dict[str, Any]) -> set[str]:
    """The stages by which the server would answer a find or an aggregation."""
    asked = {key: value for key, value in command.items() if key not in _SESSION}
    if "aggregate" in asked and IS_EMBEDDED:
        # It explains finds alone; the first stage of each of ours is what is sought.
        sought = asked["pipeline"][0]["$match"]
        asked = {"find": asked["aggregate"], "filter": sought}
    told = database().command({"explain": asked, "verbosity": "queryPlanner"})
    return {stage for plan in winning(told) for stage in stages_of(plan)}


def winning(told: Any) -> list[Any]:
    """The winning plans anywhere in an explanation."""
    if isinstance(told, list):
        return [plan for part in told for plan in winning(part)]
    if not isinstance(told, dict):
        return []
    own = [told["winningPlan"]] if "winningPlan" in told else []
    return own + [plan for part in told.values() for plan in winning(part)]


def stages_of(plan: Any) -> set[str]:
    """The stages of a plan of MongoDB, or the lines of the embedded server's."""
    if isinstance(plan, list):
        return {stage for part in plan for stage in stages_of(part)}
    if not isinstance(plan, dict):
        return set()
    own = {str(plan[key]) for key in ("stage", "detail") if key in plan}
    inner = (value for value in plan.values() if isinstance(value, dict | list))
    return own | {stage for value in inner for stage in stages_of(value)}


def scans(command: dict[str, Any], stages: set[str]) -> set[str]:
    """The stages that read the whole collection; others go through one document."""
    name = command.get("find") or command["aggregate"]
    return {s for s in stages if s == "COLLSCAN" or s.split()[:2] == ["SCAN", name]}


def asked_by(name: str) -> list[dict[str, Any]]:
    """The finds and aggregations that a read sends."""
    with monitored() as commands:
        READS[name]()
        sent = [body for body in commands.sent if {"find", "aggregate"} & body.keys()]
    assert sent
    return sent


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", sorted(READS.keys() - OF_ALL))
def test_no_read_looks_at_every_document(name: str) -> None:
    found = set()
    for body in asked_by(name):
        stages = explained(body)
        assert stages
        found |= scans(body, stages)
    if IS_EMBEDDED and name in ONLY_MONGODB:
        assert found, "It need not be left to MongoDB any more."
    else:
        assert not found


@pytest.mark.usefixtures("filled")
def test_a_read_that_looks_at_every_document_is_seen() -> None:
    [body] = asked_by("namespaces.every")
    assert scans(body, explained(body))


@pytest.mark.usefixtures("filled")
def test_a_read_by_name_repeats_the_condition_of_its_partial_index() -> None:
    """Without it MongoDB's planner does not use the index."""
    [body] = asked_by("namespaces.find_by_name")
    fields = list(body["filter"])
    [index] = [
        index.document
        for index in indexes.NAMESPACES
        if list(index.document["key"]) == fields
    ]
    condition = index["partialFilterExpression"]
    assert condition == {"name_key": {"$type": "string"}}
    for field, part in condition.items():
        assert part.items() <= body["filter"][field].items()


@pytest.mark.timeout(30)
def test_a_store_that_is_away_is_not_waited_for_as_for_a_build(settings: Any) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    with pytest.raises(Unavailable):
        indexes.ensure()
    connection.close()


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
