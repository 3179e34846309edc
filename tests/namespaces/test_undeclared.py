"""Indexes that somebody made past us: plans say so, keep what they can, drop the rest."""

import pytest

from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan.index_identity import is_same_index
from nsadmin.namespaces.read import probe
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.qdrant import collections
from nsadmin.stores.qdrant.cluster import shared

TEXT = {
    "type": "text",
    "tokenizer": "word",
    "min_token_len": 2,
    "max_token_len": 15,
    "lowercase": True,
}


def wanted(field, schema):
    return parse_patch(
        {"payload_indexes": [{"field_name": field, "field_schema": schema}]}
    )


def live(namespace, field):
    found = collections.get(shared(), namespace.collection).indexes[field]
    return {**found.params, "type": found.type}


def test_another_type_is_dropped_first_and_asks_for_consent(cast):
    collections.create_index(shared(), cast.own.collection, "rank", {"type": "integer"})
    patch = wanted("rank", {"type": "float"})
    shown = commit.preview(cast.actor(), cast.own.namespace_id, patch)
    assert [s.sentence() for s in shown.plan.steps] == [
        "Drop the integer index on rank first.",
        "Build the float index on rank.",
    ]
    assert [w.needs_tick for w in shown.plan.warnings] == [True]
    outcome = commit.commit(
        cast.actor(), cast.own.namespace_id, patch, digest=shown.plan.digest
    )
    assert outcome.converged
    assert live(cast.own, "rank")["type"] == "float"
    raw = store.get(cast.own.namespace_id)
    assert [i["type"] for i in raw["payload_indexes"]] == ["float"]


def test_parameters_that_only_qdrant_knows_survive(cast):
    schema = {**TEXT, "phrase_matching": True}
    collections.create_index(shared(), cast.own.collection, "title", schema)
    at = cast.own.namespace_id
    adopted = commit.preview(cast.actor(), at, wanted("title", TEXT))
    assert [s.kind for s in adopted.plan.steps] == ["create_index"]
    commit.commit(cast.actor(), at, wanted("title", TEXT))
    commit.commit(cast.actor(), at, wanted("title", {**TEXT, "max_token_len": 9}))
    found = live(cast.own, "title")
    assert (found["max_token_len"], found["phrase_matching"]) == (9, True)


def test_a_text_index_without_limits_is_not_the_one_that_is_declared(cast):
    bare = {"type": "text", "tokenizer": "word"}
    collections.create_index(shared(), cast.own.collection, "title", bare)
    shown = commit.preview(cast.actor(), cast.own.namespace_id, wanted("title", TEXT))
    assert [s.kind for s in shown.plan.steps] == ["drop_index", "create_index"]
    commit.commit(cast.actor(), cast.own.namespace_id, wanted("title", TEXT))
    assert live(cast.own, "title")["max_token_len"] == 15


@pytest.mark.parametrize(
    ("schema", "there", "other"),
    [
        ({"type": "keyword", "is_tenant": False}, {"type": "keyword"}, False),
        ({"type": "keyword", "is_tenant": True}, {"type": "keyword"}, True),
        ({"type": "integer", "lookup": True}, {"type": "integer"}, False),
        ({"type": "integer", "range": False}, {"type": "integer"}, True),
        ({"type": "bool"}, {"type": "keyword"}, True),
        (TEXT, {"type": "text"}, True),
        (TEXT, {**TEXT, "phrase_matching": True}, False),
    ],
)
def test_what_qdrant_does_not_say_is_its_default(schema, there, other):
    assert is_same_index(schema, there) is not other


def test_an_answer_is_of_its_own_revision(cast):
    """What another writer did meanwhile is not reported as ours."""
    patch = wanted("rank", {"type": "integer"})
    done = commit.commit(cast.actor(), cast.own.namespace_id, patch)
    assert done.view.namespace.revision == done.plan.revision + 1
    assert probe.actual_collection(cast.own).indexes["rank"]["type"] == "integer"
