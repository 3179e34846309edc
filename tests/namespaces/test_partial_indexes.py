"""Indexes that most rows have no part in serve the questions that were made for them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from nsadmin.namespaces.mirror.rows import known
from nsadmin.namespaces.models import MirroredDocument, MirroredNamespace
from nsadmin.namespaces.models.mirrored import clones_of
from nsadmin.namespaces.placement import members
from nsadmin.namespaces.placement.members import Members

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite",
    reason="PostgreSQL concludes conditions, and chooses by what a table holds",
)
QUESTIONS: dict[str, tuple[str, Callable[[], object]]] = {
    "places": ("look_places", members.dedicated_places),
    "places of addresses": (
        "look_places",
        lambda: members.dedicated_places(["https://qdrant.example:6333"]),
    ),
    "places with tombstones": ("look_places", members.places_with_tombstones),
    "sources": ("mirror_by_source", lambda: known.sources_of([], ["ns_1", "ns_2"])),
}


def _plans(ask: Callable[[], object]) -> list[str]:
    """How the database answers each statement, with the values as they are sent."""
    sent: list[tuple[str, Any]] = []

    def remember(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        ask()
    with connection.cursor() as cursor:
        plans = []
        for sql, params in sent:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plans.append("\n".join(str(row) for row in cursor.fetchall()))
    return plans


@on_sqlite
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_index_is_used(question):
    index, ask = QUESTIONS[question]
    plans = _plans(ask)
    assert plans
    assert all(index in plan for plan in plans), plans


@on_sqlite
def test_rows_of_deleted_namespaces_find_their_clones_by_index():
    keys = ["ns_1", "ns_2"]
    plans = _plans(lambda: clones_of(keys).count())
    assert all("mirror_by_source" in plan for plan in plans), plans


@pytest.mark.parametrize("table", [MirroredNamespace, MirroredDocument])
def test_no_index_is_for_patterns_of_ids(table):
    with connection.cursor() as cursor:
        name = table._meta.db_table
        found = connection.introspection.get_constraints(cursor, name)
    assert found
    assert not [name for name in found if name.endswith("_like")]


@on_sqlite
def test_what_a_cluster_holds_is_counted_by_an_index():
    shared = _plans(lambda: Members().count())
    own = _plans(lambda: Members((("https://qdrant.example", "int_1"),)).count())
    assert "look_" in shared[0]
    assert "look_" in own[0]
