"""The list of tombstones: pages lead on along an index, and the counters count it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.namespaces.listing import walks
from nsadmin.namespaces.listing.deleted import DeletedQuery, listing
from nsadmin.namespaces.listing.listing import Page
from nsadmin.namespaces.models import MirroredNamespace
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNT, GONE = 23, "deleted_at"


def add(organization: Organization, count: int, prefix: str, *, gone: bool) -> None:
    """Add rows, of which three at a time were deleted at the same moment."""
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"{prefix}{n:05}",
            organization_id=organization.organization_id,
            internal_id=organization.internal_id,
            name=f"row {n}",
            name_key=f"row {n}",
            scope="system" if n % 5 == 4 else "org",
            extractor_ids=["text_v1", "image_v1"],
            updated_at=NOW + timedelta(hours=n),
            deleted_at=NOW - timedelta(minutes=n // 3) if gone else None,
            mirrored_at=NOW,
        )
        for n in range(count)
    )


@pytest.fixture
def buried(cast: Cast) -> list[str]:
    """Tombstones of two organizations; return the ids of one in the list's order."""
    add(cast.northlight, COUNT, "ns_gone", gone=True)
    add(cast.northlight, 5, "ns_here", gone=False)
    add(cast.halden, 4, "ns_foreign", gone=True)
    rows = MirroredNamespace.objects.filter(internal_id=cast.northlight.internal_id)
    ordered = rows.exclude(deleted_at=None).order_by("-deleted_at", "-namespace_id")
    return list(ordered.values_list("pk", flat=True))


def page_of(cast: Cast, actor: Actor | None = None, **asked: Any) -> Page:
    query = DeletedQuery(organization_id=cast.northlight.organization_id, limit=5)
    query = replace(query, **asked)
    return listing(actor or cast.actor(), cast.northlight, query)


def keys(page: Page) -> list[str]:
    return [row.pk for row in page.rows]


def pages(cast: Cast) -> Iterator[Page]:
    page = page_of(cast)
    yield page
    while page.following is not None:
        page = page_of(cast, after=page.following, offset=page.last)
        yield page


def test_a_walk_meets_every_tombstone_once_and_leads_back(
    cast: Cast, buried: list[str]
) -> None:
    there = [*pages(cast)]
    assert [key for page in there for key in keys(page)] == buried
    assert {page.total for page in there} == {COUNT}
    assert [page.first for page in there] == [1, 6, 11, 16, 21]
    at, back = there[-1], [keys(there[-1])]
    while at.preceding is not None:
        at = page_of(cast, before=at.preceding)
        back.append(keys(at))
    assert [key for page in reversed(back) for key in page] == buried


def test_an_offset_leads_to_the_same_rows(cast: Cast, buried: list[str]) -> None:
    for offset in (0, 5, 12, 22, 23, 500):
        page = page_of(cast, offset=offset)
        assert keys(page) == buried[offset : offset + 5]
        assert page.total == COUNT


def test_a_place_whose_row_was_restored_leads_on(cast: Cast, buried: list[str]) -> None:
    place = page_of(cast).following
    MirroredNamespace.objects.filter(pk__in=buried[3:7]).update(deleted_at=None)
    page = page_of(cast, after=place)
    assert keys(page) == buried[7:12]
    assert page.total == COUNT - 4


def test_others_see_none_of_them(cast: Cast, buried: list[str]) -> None:
    query = DeletedQuery(organization_id=cast.northlight.organization_id)
    for actor in (
        cast.actor("stranger"),
        cast.actor("support"),
        replace(cast.actor(), namespace_ids=frozenset(buried)),
    ):
        page = listing(actor, cast.northlight, query)
        assert (keys(page), page.total) == ([], 0)


def test_three_statements_read_and_count_a_page(cast: Cast, buried: list[str]) -> None:
    actor = cast.actor()
    for asked in ({}, {"offset": 12}, {"after": page_of(cast).following}):
        with CaptureQueriesContext(connection) as queries:
            page = page_of(cast, actor, **asked)
        assert page.as_of is not None
        assert len(queries) == 3


@pytest.mark.skipif(
    connection.vendor != "sqlite",
    reason="PostgreSQL asks each index of a row whether the row belongs into it",
)
@pytest.mark.parametrize(
    ("column", "is_written"), [("updated_at", False), ("health", False), (GONE, True)]
)
def test_what_else_is_written_leaves_its_index_alone(
    cast: Cast, column: str, is_written: bool
) -> None:
    table = MirroredNamespace._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT rootpage FROM sqlite_master WHERE name = 'list_deleted'")
        (root,) = cursor.fetchone()
        statement = f"UPDATE {table} SET {column} = '' WHERE name = 'x'"  # noqa: S608
        cursor.execute(f"EXPLAIN {statement}")
        steps = cursor.fetchall()
    opened = {step[3] for step in steps if step[1] == "OpenWrite"}
    assert len(opened) > 1
    assert (root in opened) == is_written


def test_a_page_is_a_stretch_of_the_index_of_tombstones(
    cast: Cast, buried: list[str]
) -> None:
    place = page_of(cast, offset=10).following
    for asked in ({}, {"offset": 12}, {"after": place}, {"before": place}):
        with CaptureQueriesContext(connection) as queries:
            page_of(cast, **asked)
        (statement,) = [q["sql"] for q in queries if '"mirrored_at"' in q["sql"]]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # So few rows are read as a whole and put in order; may the index be?
                for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")
        plan = walks.plan_of(statement)
        assert "list_deleted" in plan, plan
        assert "SCAN namespaces_" not in plan, plan
