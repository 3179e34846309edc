"""What an entry of a namespace repeats of its row, so that a search can be counted."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from nsadmin.namespaces.listing.listing import listing
from nsadmin.namespaces.listing.query import ListQuery
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.lists import COMPUTED_FROM
from nsadmin.trigrams import facets, install
from nsadmin.trigrams.models import FACETS, FACETS_FROM, Kind, SearchEntry
from tests.cast import Cast

SOON = datetime(2027, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
CHANGES: list[dict[str, Any]] = [
    {"tier": "dedicated_gpu"},
    {"health": "error"},
    {"clone_status": "failed"},
    {"deletion_task_id": "job_1"},
    {"differences": 3},
    {"unreadable": "An odd line"},
    {"extractor_ids": ['a "quoted", name', "ünïcode"]},
    {"expires_at": SOON},
    {"internal_id": "int_other", "name": "renamed", "tier": "dedicated_cpu"},
    {"scope": "system"},
]


def require_in_step(namespace_id: str) -> None:
    row = MirroredNamespace.objects.get(pk=namespace_id)
    entry = SearchEntry.objects.get(kind=Kind.NAMESPACE, key=namespace_id)
    *values, extractors = json.loads(entry.facets)
    assert values == [getattr(row, column) for column in FACETS[:-1]]
    assert json.loads(extractors) == row.extractor_ids
    assert entry.expires_at == row.expires_at


def test_what_is_computed_is_followed_by_what_it_is_computed_from() -> None:
    written = {name for c in FACETS for name in COMPUTED_FROM.get(c, (c,))}
    assert {*FACETS_FROM} == {*written, "expires_at"}


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: next(iter(changes)))
def test_an_entry_follows_each_facet_of_its_row(
    cast: Cast, changes: dict[str, Any]
) -> None:
    key = cast.own.namespace_id
    require_in_step(key)
    MirroredNamespace.objects.filter(pk=key).update(**changes)
    require_in_step(key)


def test_a_row_that_was_deleted_comes_back_with_its_facets(cast: Cast) -> None:
    row = MirroredNamespace.objects.filter(pk=cast.own.namespace_id)
    row.update(deleted_at=SOON)
    assert not SearchEntry.objects.filter(key=cast.own.namespace_id).exists()
    row.update(deleted_at=None, tier="dedicated_gpu")
    require_in_step(cast.own.namespace_id)


def test_a_migration_misses_no_facet(cast: Cast) -> None:
    install.remove(using=connection.alias, plan=["a migration"])
    key = cast.own.namespace_id
    MirroredNamespace.objects.filter(pk=key).update(tier="dedicated_gpu")
    install.install(using=connection.alias)
    require_in_step(key)


def test_facets_that_missed_a_change_are_mended(cast: Cast) -> None:
    key = cast.own.namespace_id
    assert facets.mend() == 0
    SearchEntry.objects.filter(key=key).update(facets="[]", expires_at=SOON)
    assert facets.mend() == 1
    require_in_step(key)
    SearchEntry.objects.filter(key=key).update(facets="")
    install.install(using=connection.alias)
    require_in_step(key)


def test_a_search_counts_rows_while_entries_have_no_facets(cast: Cast) -> None:
    query = ListQuery(search=cast.own.name)
    before = listing(cast.actor(), query)
    SearchEntry.objects.filter(kind=Kind.NAMESPACE).update(facets="", expires_at=None)
    after = listing(cast.actor(), query)
    assert [row.pk for row in after.rows] == [row.pk for row in before.rows] != []
    assert after.tally.kinds == before.tally.kinds
