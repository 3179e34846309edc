"""What counts as the same index is one rule for plans, repairs, drift and read-back."""

import pytest

from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.desired import ActualCollection
from nsadmin.namespaces.plan.index_identity import is_same_index
from nsadmin.namespaces.plan.repair import Repair
from nsadmin.namespaces.plan.steps import CreateIndex, DropIndex
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.namespaces.schema.payload_indexes import INDEX_DEFAULTS
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared
from tests.cast import Cast

TEXT = {"type": "text", **INDEX_DEFAULTS["text"]}
UNLIMITED = {"type": "text", "tokenizer": "word", "lowercase": True}


def showing(schema: dict[str, object]) -> ActualCollection:
    return ActualCollection(
        exists=True, points=1, vectors={}, indexes={"title": schema}
    )


@pytest.mark.parametrize(
    ("actual", "is_same"),
    [
        (TEXT, True),
        ({**TEXT, "phrase_matching": True}, True),
        (UNLIMITED, False),  # Qdrant has no least length, and leaves it out
        ({**TEXT, "min_token_len": None}, False),
        ({"type": "text", "min_token_len": 2, "max_token_len": 15}, True),
    ],
)
def test_reading_back_and_reconciling_agree(actual, is_same):
    """A build that left the limits out counted as done, and as drift right after."""
    step = CreateIndex("title", TEXT)
    assert step.is_done(showing(actual)) is is_same
    kinds = [s.kind for s in step.reconcile(showing(actual), {})]
    assert kinds == (["create_index"] if is_same else ["drop_index", "create_index"])
    dropped = DropIndex("title", TEXT, rebuilt=True)
    assert dropped.is_done(showing(actual)) is not is_same


def test_an_index_without_limits_is_not_taken_for_the_declared_one(cast: Cast):
    title = {"field_name": "title", "field_schema": TEXT}
    wanted = parse_patch({"payload_indexes": [title]})
    commit.commit(cast.actor(), cast.own.namespace_id, wanted)
    collections.drop_index(shared(), cast.own.collection, "title")
    collections.create_index(shared(), cast.own.collection, "title", UNLIMITED)
    actual = probe.actual_collection(cast.own)
    assert not CreateIndex("title", TEXT).is_done(actual)
    repair = Repair(vectors=False, indexes=False, wrong=True)
    plan = commit.preview(cast.actor(), cast.own.namespace_id, repair).plan
    assert [step.kind for step in plan.steps] == ["drop_index", "create_index"]
    done = commit.commit(cast.actor(), cast.own.namespace_id, repair)
    assert done.converged
    assert CreateIndex("title", TEXT).is_done(probe.actual_collection(cast.own))


@pytest.mark.parametrize(
    "reported",
    [
        {**TEXT, "lowercase": None},
        {"type": "keyword", "is_tenant": None},
        {"type": "integer", "lookup": True, "range": None},
    ],
)
def test_an_index_that_is_reported_with_nulls_is_the_same_as_itself(reported):
    """A rebuild drops it: it is not taken for the index that replaces it."""
    assert is_same_index(reported, reported)
    drop = DropIndex("title", reported, rebuilt=True, declared=True)
    assert not drop.is_done(showing(reported))
