"""Lists are read along indexes, and a walk over their pages meets every row once."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Q

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Role
from nsadmin.names import search_text
from nsadmin.namespaces.listing import walks
from nsadmin.namespaces.listing.listing import listing
from nsadmin.namespaces.listing.query import SORTS, ListQuery
from nsadmin.namespaces.listing.walks import Few, Walk
from nsadmin.namespaces.mirror import state
from nsadmin.namespaces.mirror.bootstrap import MirrorEmpty
from nsadmin.namespaces.models import MirroredNamespace, MirrorFill, MirrorState
from nsadmin.namespaces.models.lists import own

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("film", "Größe", "a_b%c", "🎬 reel", "日本", "STRASSE", "fil", "x", "ﬁlm")
ACTOR = Actor(
    kind="user",
    id="1",
    label="somebody",
    role=Role.ADMIN,
    organization_id="org_a",
    internal_id="int_a",
    organization_name="A",
    plan="team",
)


def row_of(number: int, chance: random.Random) -> MirroredNamespace:
    moments = [None, NOW, NOW + timedelta(microseconds=1), NOW + timedelta(days=900)]
    name = f"{chance.choice(NAMES)} {number % 7}"
    extractors = chance.sample(["text_v1", "image_v1"], chance.randrange(3))
    key = f"ns_{number:04}"
    return MirroredNamespace(
        namespace_id=key,
        organization_id="org_a",
        internal_id=chance.choice(["int_a", "int_a", "int_a", "int_b"]),
        scope=chance.choice(["org", "org", "org", "system"]),
        name=name,
        name_key=name.casefold(),
        search_text=search_text(name, key, *extractors),
        tier=chance.choice(["shared", "dedicated_gpu"]),
        health=chance.choice(["ready", "ready", "error"]),
        differences=chance.choice([0, 0, 2]),
        unreadable=chance.choice(["", "", "odd"]),
        extractor_ids=extractors,
        created_at=chance.choice(moments),
        updated_at=chance.choice(moments),
        expires_at=chance.choice(moments),
        document_count=chance.choice([None, 0, 7, 7]),
        index_count=number % 3,
        deleted_at=chance.choice([None, None, None, NOW]),
        mirrored_at=NOW,
    )


@pytest.fixture
def rows() -> None:
    chance = random.Random(7)
    MirroredNamespace.objects.bulk_create([row_of(n, chance) for n in range(90)])
    MirrorFill.objects.create(filled_at=NOW, documents=90)


def expected(query: ListQuery) -> list[str]:
    """The list by one query over the whole table, without indexes or pages."""
    rows = MirroredNamespace.objects.filter(deleted_at=None)
    rows = rows.filter(Q(internal_id="int_a", scope="org") | Q(scope="system"))
    column, default = SORTS[query.sort]
    falls = default if query.descending is None else query.descending
    by = F(column)
    ordered = rows.order_by(
        by.desc(nulls_last=True) if falls else by.asc(nulls_last=True),
        "-namespace_id" if falls else "namespace_id",
    )
    return [row.namespace_id for row in ordered if fits(row, query)]


def fits(row: MirroredNamespace, query: ListQuery) -> bool:
    wanted = query.fragment
    return (
        (not query.tier or row.tier == query.tier)
        and (not query.status or row.status == query.status)
        and (not query.scope or row.scope == query.scope)
        and (not query.extractor or query.extractor in row.extractor_ids)
        and (not query.differs or row.differences > 0)
        and (not query.unreadable or row.unreadable != "")
        and (
            not query.expiring
            or (row.expires_at is not None and row.expires_at < NOW + timedelta(days=9))
        )
        and wanted in row.search_text
        and (not query.case_sensitive or query.search in row.name)
    )


def walked(query: ListQuery) -> list[str]:
    """Follow the places to the end, and back again."""
    pages = [listing(ACTOR, query)]
    while (following := pages[-1].following) is not None:
        pages.append(listing(ACTOR, replace(query, after=following)))
    there = [[row.pk for row in page.rows] for page in pages]
    at, back = pages[-1], [there[-1]]
    while (preceding := at.preceding) is not None:
        at = listing(ACTOR, replace(query, before=preceding))
        back.append([row.pk for row in at.rows])
    assert [pk for page in reversed(back) for pk in page] == [
        pk for page in there for pk in page
    ]
    assert pages[0].total == sum(map(len, there))
    return [pk for page in there for pk in page]


QUERIES = [
    ListQuery(),
    ListQuery(tier="dedicated_gpu"),
    ListQuery(status="error", differs=True),
    ListQuery(unreadable=True, scope="org"),
    ListQuery(extractor="text_v1"),
    ListQuery(expiring=True),
    ListQuery(search="film"),
    ListQuery(search="i"),
    ListQuery(search="fi", tier="shared"),
    ListQuery(search="st"),
    ListQuery(search="STRASSE", case_sensitive=True),
    ListQuery(search="_b%"),
    ListQuery(search="%"),
    ListQuery(search="🎬 r"),
    ListQuery(search="🎬"),
    ListQuery(search="日"),
    ListQuery(search="fi\x00lm"),
    ListQuery(search="text_v1", extractor="image_v1"),
]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_a_walk_meets_every_row_once(rows: None, sort: str, descending: bool) -> None:
    for limit in (1, 7, 200):
        query = ListQuery(sort=sort, descending=descending, limit=limit)
        assert walked(query) == expected(query)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_filters_and_searches_find_what_reading_all_finds(
    rows: None, query: ListQuery, few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not few:
        # As in a long list: what is found is met in order, and only a part is counted.
        monkeypatch.setattr("nsadmin.namespaces.listing.tally.FEW", 0)
    for sort in ("updated", "name"):
        query = replace(query, sort=sort, limit=4)
        assert walked(query) == expected(query)
    assert bool(expected(query)) == (query.search != "fi\x00lm")


@pytest.mark.parametrize(
    "query",
    [
        *(query for query in QUERIES if not query.search and not query.expiring),
        ListQuery(status="waiting", tier="shared"),
        ListQuery(scope="system", extractor="none"),
    ],
)
def test_what_expires_soon_is_counted_among_what_the_filters_find(
    rows: None, query: ListQuery
) -> None:
    soon = expected(replace(query, expiring=True))
    assert listing(ACTOR, query).tally.expiring.n == len(soon)


def test_rows_are_read_with_the_time_up_to_which_they_are_right(rows: None) -> None:
    some, none = ListQuery(limit=3), ListQuery(status="waiting")
    later = NOW + timedelta(minutes=1)
    assert listing(ACTOR, some).as_of == listing(ACTOR, none).as_of == NOW
    MirrorState.objects.create(pk=state.PK, followed_at=later)
    assert listing(ACTOR, some).as_of == listing(ACTOR, none).as_of == later


@pytest.mark.parametrize("query", [ListQuery(limit=3), ListQuery(status="waiting")])
def test_rows_of_a_filling_that_has_not_ended_are_no_list(
    rows: None, query: ListQuery, settings: Any
) -> None:
    settings.NSADMIN_MONGODB_URL = "mongodb://127.0.0.1:9/none"
    MirrorFill.objects.all().delete()
    with pytest.raises(MirrorEmpty):
        listing(ACTOR, query)


@pytest.mark.parametrize(
    "query",
    [
        ListQuery(search="ns_0"),
        ListQuery(search="ns_0", tier="shared"),
        ListQuery(search="ns_0", status="ready", tier="dedicated_gpu"),
        ListQuery(search="ns_0", scope="system"),
        ListQuery(search="ns_0", scope="org", extractor="text_v1"),
        ListQuery(search="ns_0", differs=True, scope="system"),
    ],
)
def test_a_search_that_finds_more_than_is_counted(
    rows: None, query: ListQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("tally", "amounts", "samples"):
        monkeypatch.setattr(f"nsadmin.namespaces.listing.{room}.MOST", 5)
    query = replace(query, limit=90)
    page = listing(ACTOR, query)
    every = expected(query)
    assert [row.pk for row in page.rows] == every
    told = (page.total, page.counted.is_least, page.tally.is_sample)
    assert told == (min(len(every), 5), len(every) > 5, True)
    exact = listing(ACTOR, replace(query, exact=True))
    assert exact.total == len(expected(query))


def test_a_place_whose_row_is_gone_leads_on(rows: None) -> None:
    query = ListQuery(limit=5)
    first = listing(ACTOR, query)
    every = expected(query)
    MirroredNamespace.objects.filter(pk__in=every[3:7]).delete()
    second = listing(ACTOR, replace(query, after=first.following))
    assert [row.pk for row in second.rows] == every[7:12]


def test_an_offset_leads_to_the_same_rows(rows: None) -> None:
    query = ListQuery(sort="documents", limit=6)
    for offset in (0, 6, 30, 500):
        page = listing(ACTOR, replace(query, offset=offset))
        every = expected(query)
        assert [row.pk for row in page.rows] == every[offset : offset + 6]


# How the database reads ---------------------------------------------------------------

LISTS = [own("int_a"), "system"]


def plan(walk: Walk) -> str:
    statement, values = walks.ids(walk, limit=25)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # So few rows are read as a whole and put in order; may the index be used?
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    return walks.plan_of(statement, values)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_each_order_is_an_index(rows: None, sort: str, descending: bool) -> None:
    orders = ListQuery(sort=sort, descending=descending).orders
    places = [None, listing(ACTOR, ListQuery(sort=sort, limit=3)).following]
    for place in places:
        for back in (False, place is not None):
            walk = Walk(LISTS, orders, place=place, is_reversed=back)
            text = plan(walk)
            assert f"list_{sort}" in text
            # The pages of the walks are merged, no walk is put in order.
            if connection.vendor == "sqlite":
                assert text.count("USE TEMP B-TREE") <= 1, text
                assert "SCAN namespaces" not in text, text
            else:
                assert text.count("Sort Key") <= 1, text
                assert "Seq Scan" not in text, text


# SQLite walks the index that the statement makes it choose.
by_our_choice = pytest.mark.skipif(
    connection.vendor != "sqlite",
    reason="PostgreSQL chooses an index by its statistics, which a small table lacks",
)


@by_our_choice
@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (Q(tier="shared"), "list_tier"),
        (Q(stored_status="error"), "list_status"),
        (Q(has_differences=True), "list_differing"),
        (Q(is_unreadable=True), "list_unreadable"),
        (Q(expires_at__lte=NOW), "list_expiry"),
    ],
    ids=str,
)
def test_a_rare_value_is_looked_up(rows: None, condition: Q, index: str) -> None:
    for sort in SORTS:
        orders = ListQuery(sort=sort).orders
        text = plan(Walk(LISTS, orders, few=Few(lambda _: condition)))
        assert index in text, text
        assert sort == "expiry" or f"list_{sort}" not in text, text


@by_our_choice
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (Q(tier="shared"), "list_tier"),
        (Q(stored_status="error"), "list_status"),
        (Q(has_differences=True), "list_differing"),
        (Q(is_unreadable=True), "list_unreadable"),
    ],
    ids=str,
)
def test_a_filter_has_the_first_order_in_its_index(
    rows: None, condition: Q, index: str, descending: bool
) -> None:
    orders = ListQuery(descending=descending).orders
    place = listing(ACTOR, ListQuery(limit=3, descending=descending)).following
    for way in ({}, {"place": place}, {"place": place, "is_reversed": True}):
        few = Few(lambda _: condition, in_order=True)
        text = plan(Walk(LISTS, orders, few=few, **way))
        assert index in text, text
        assert "list_updated" not in text, text
        assert text.count("USE TEMP B-TREE") <= 1, text
