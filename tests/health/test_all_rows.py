"""The list over all organizations finds what reading all finds, and reads few rows."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nsadmin.access.actor import Actor
from nsadmin.health import all_namespaces, all_rows
from nsadmin.health.all_rows import NamespaceFilter
from nsadmin.namespaces.listing import walks
from nsadmin.namespaces.models import MirroredNamespace
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = MirroredNamespace._meta.db_table


def row_of(number: int, chance: random.Random) -> MirroredNamespace:
    return MirroredNamespace(
        namespace_id=f"ns_{chance.choice('ab%_')}{number:05}",
        internal_id=chance.choice(["int_a", "int_b"]),
        name="x",
        scope=chance.choice(["org", "org", "system"]),
        tier=chance.choice(["shared", "shared", "dedicated_gpu"]),
        health=chance.choice(["ready", "error"]),
        clone_status=chance.choice(["", "", "", "failed"]),
        deletion_task_id=chance.choice(["", "", "", "job"]),
        differences=chance.choice([0, 0, 2]),
        unreadable=chance.choice(["", "", "odd"]),
        deleted_at=chance.choice([None, None, None, NOW]),
        mirrored_at=NOW,
    )


@pytest.fixture
def rows(cast: Cast) -> None:
    chance = random.Random(5)
    MirroredNamespace.objects.bulk_create([row_of(n, chance) for n in range(160)])


def expected(wanted: NamespaceFilter) -> list[str]:
    """The ids by reading every row."""
    return [
        row.pk
        for row in MirroredNamespace.objects.order_by("namespace_id")
        if row.deleted_at is None
        and wanted.internal_id in (None, row.internal_id)
        and row.pk.startswith(wanted.prefix)
        and wanted.tier in ("", row.tier)
        and wanted.status in ("", row.status)
        and (not wanted.unreadable or row.unreadable)
        and (not wanted.differs or row.differences)
    ]


FILTERS = [
    NamespaceFilter(
        internal_id=tenant,
        prefix=prefix,
        tier=tier,
        status=status,
        differs=attention == "differs",
        unreadable=attention == "unreadable",
    )
    for tenant, prefix, tier, status, attention in product(
        (None, "int_b", "int_none"),
        ("", "ns_%"),
        ("", "dedicated_gpu"),
        ("", "error", "failed", "deleting", "waiting"),
        ("", "differs", "unreadable"),
    )
]


def walked(actor: Actor, wanted: NamespaceFilter) -> list[str]:
    """Follow the pages to the end, and back again."""
    page = all_namespaces.listing(actor, wanted, limit=9)
    there, totals = [keys(page)], {page.counted.n}
    while page.after is not None:
        asked = replace(wanted, after=page.after)
        page = all_namespaces.listing(actor, asked, limit=9)
        there.append(keys(page))
        totals.add(page.counted.n)
    found = [key for some in there for key in some]
    if len(there) > 1:
        asked = replace(wanted, before=there[-1][0])
        assert keys(all_namespaces.listing(actor, asked, limit=9)) == there[-2]
        assert totals == {len(found)}
    return found


def keys(page: all_namespaces.NamespacePage) -> list[str]:
    return [row.subject.namespace_id for row in page.rows]


@pytest.mark.parametrize("few", [True, False])
def test_every_filter_finds_what_reading_all_finds(
    rows: None, few: bool, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not few:  # as in a large fleet: what is frequent is met in the order of ids
        monkeypatch.setattr(all_rows, "FEW", 0)
    ways = set()
    for wanted in FILTERS:
        assert walked(cast.actor("support"), wanted) == expected(wanted), wanted
        ways.add(all_rows.find(wanted, limit=9).is_looked_up)
    assert ways == {True, False}
    assert sum(bool(expected(wanted)) for wanted in FILTERS) > len(FILTERS) / 3


def test_among_a_frequent_beginning_of_ids_only_the_first_are_counted(
    rows: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FEW", "COUNTED"):
        monkeypatch.setattr(all_rows, name, 20)
    wanted = NamespaceFilter(prefix="ns_", status="error")
    page = all_namespaces.listing(cast.actor("support"), wanted, limit=3)
    found = expected(wanted)
    assert keys(page) == found[:3]
    assert page.counted.is_least
    assert page.counted.n < len(found)
    among = MirroredNamespace.objects.order_by("namespace_id")[:20]
    assert page.counted.n == len({row.pk for row in among}.intersection(found))
    monkeypatch.setattr(all_rows, "COUNTED", 0)
    page = all_namespaces.listing(cast.actor("support"), wanted, limit=3)
    assert (page.counted.n, page.counted.is_least) == (3, True)


# How the database reads ---------------------------------------------------------------

MANY = 3000


@pytest.fixture
def many(cast: Cast) -> None:
    """Many rows of some organizations, of which few are rare."""
    MirroredNamespace.objects.bulk_create(
        MirroredNamespace(
            namespace_id=f"ns_many{n:05}",
            internal_id="int_few" if n % 300 == 299 else f"int_{n % 7}",
            name="x",
            search_text="words " * 50,
            health="error" if n % 600 == 5 else "ready",
            tier="dedicated_gpu" if n % 500 == 499 else "shared",
            differences=int(n % 400 == 399),
            unreadable="odd" * (n % 700 == 699),
            mirrored_at=NOW,
        )
        for n in range(MANY)
    )
    if connection.vendor == "postgresql":  # which chooses an index by its statistics
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def plan(cast: Cast, wanted: NamespaceFilter) -> str:
    """How the rows of a page are read."""
    with CaptureQueriesContext(connection) as queries:
        all_namespaces.listing(cast.actor("support"), wanted, limit=25)
    (statement,) = [q["sql"] for q in queries if '"mirrored_at"' in q["sql"]]
    return walks.plan_of(statement)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (NamespaceFilter(status="error"), "list_status"),
        (NamespaceFilter(tier="dedicated_gpu"), "tier"),
        (NamespaceFilter(differs=True), "differ"),
        (NamespaceFilter(unreadable=True), "unreadable"),
        (NamespaceFilter(status="ready", differs=True), "differ"),
        (NamespaceFilter(status="error", prefix="ns_m"), "list_status"),
        (NamespaceFilter(internal_id="int_3", status="error"), "list_status"),
        (NamespaceFilter(internal_id="int_few"), "list_"),
    ],
    ids=str,
)
def test_a_rare_filter_is_looked_up(
    many: None, cast: Cast, wanted: NamespaceFilter, index: str
) -> None:
    text = plan(cast, wanted)
    if connection.vendor == "sqlite":  # PostgreSQL may know an index with fewer rows
        assert index in text, text
    for whole in ("mirror_by_key", f"autoindex_{TABLE}_1", f"{TABLE}_pkey"):
        assert whole not in text, text
    assert f"Seq Scan on {TABLE}" not in text, text


@pytest.mark.parametrize(
    "wanted",
    [
        NamespaceFilter(),
        NamespaceFilter(status="ready"),
        NamespaceFilter(tier="shared", after="ns_many01000"),
        NamespaceFilter(tier="shared", before="ns_many01000"),
        NamespaceFilter(prefix="ns_many"),
    ],
    ids=str,
)
def test_a_frequent_filter_is_met_in_the_order_of_ids(
    many: None, cast: Cast, wanted: NamespaceFilter
) -> None:
    text = plan(cast, wanted)
    # Either index of SQLite begins with the id.
    names = ("mirror_by_key", f"autoindex_{TABLE}_1", f"{TABLE}_pkey")
    assert any(name in text for name in names), text
    assert "USE TEMP B-TREE" not in text, text
    assert f"Sort Key: {TABLE}" not in text, text


def test_what_the_counters_deny_is_not_looked_for(many: None, cast: Cast) -> None:
    wanted = NamespaceFilter(tier="shared", status="waiting")
    with CaptureQueriesContext(connection) as queries:
        page = all_namespaces.listing(cast.actor("support"), wanted, limit=25)
    assert (page.rows, page.counted.n) == ([], 0)
    assert not any("FROM " + f'"{TABLE}"' in q["sql"] for q in queries)
