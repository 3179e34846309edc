"""Counters of lists: how many namespaces have which values, changed with the mirror."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections
from django.db.models import QuerySet

from nsadmin.namespaces.models.lists import ListCount, deleted

LONGEST = 200  # characters of an extractor
Statement = tuple[str, list[Any]]
_NO_NAME = "''"
COLUMNS = "listed_for, tier, status, differs, unreadable, extractor"
_FOLDED = (
    "WITH split AS (SELECT KEYS FROM namespaces_listcount GROUP BY 1, 2, 3, 4, 5, 6 "
    "HAVING count(*) > 1 OR sum(n) = 0), gone AS (DELETE FROM namespaces_listcount c "
    "USING split s WHERE (KEYS_OF_C) = (KEYS_OF_S) RETURNING c.*) "
    "INSERT INTO namespaces_listcount (KEYS, n) SELECT KEYS, sum(n) FROM gone "
    "GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How many namespaces of a list have these values.

    With an extractor they are those among them that have it.
    """

    listed_for: str
    tier: str
    status: str
    differs: bool
    unreadable: bool
    extractor: str
    n: int


def read(
    lists: Collection[str],
    *,
    also: Statement | None = None,
    met: QuerySet[ListCount] | None = None,
) -> tuple[list[Kind], int]:
    """Return the counters of lists, and the number of rows of another statement.

    Both in one statement; without the other one its number is 0. Nor is it counted if
    the counters `met`, which are those of its filters, say that there is no row.
    """
    if not lists:
        return [], 0
    marks = ", ".join(["%s"] * len(lists))
    text = (
        f"SELECT {COLUMNS}, sum(n) FROM namespaces_listcount "  # noqa: S608
        f"WHERE listed_for IN ({marks}) GROUP BY 1, 2, 3, 4, 5, 6"
    )
    values: list[Any] = [*lists]
    if also is not None:
        # No list has an empty name.
        text += " UNION ALL SELECT '', '', '', 1 = 0, 1 = 0, '', "
        counted, given = f"(SELECT count(*) FROM ({also[0]}) c)", also[1]  # noqa: S608
        if met is not None:
            rows, of_rows = met.order_by().values("n").query.sql_with_params()
            total = f"(SELECT sum(n) FROM ({rows}) k)"  # noqa: S608
            counted = f"CASE WHEN {total} > 0 THEN {counted} ELSE 0 END"
            given = [*of_rows, *given]
        text += counted
        values += given
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        rows = cursor.fetchall()
    kinds = [_kind(row) for row in rows if row[0] and row[6] > 0]
    return kinds, sum(int(row[6]) for row in rows if not row[0])


def of_all(lists: Collection[str] = ()) -> list[Kind]:
    """Return the counters of all lists but tombstones', without those of extractors.

    Those of `lists` are told apart; the others are added up under an empty name.
    """
    marks = ", ".join(["%s"] * len(lists))
    name = f"CASE WHEN listed_for IN ({marks}) THEN listed_for ELSE '' END"
    text = (
        f"SELECT {name if lists else _NO_NAME}, tier, status, differs, unreadable, "  # noqa: S608
        "extractor, sum(n) FROM namespaces_listcount WHERE extractor = '' "
        "AND listed_for NOT LIKE %s GROUP BY 1, 2, 3, 4, 5, 6"
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [*lists, f"{deleted('')}%"])
        return [_kind(row) for row in cursor.fetchall() if row[6] > 0]


def _kind(row: tuple[Any, ...]) -> Kind:
    return Kind(
        listed_for=row[0],
        tier=row[1],
        status=row[2],
        differs=bool(row[3]),
        unreadable=bool(row[4]),
        extractor=row[5],
        n=int(row[6]),
    )


def fold(*, using: str = "default") -> int:
    """Add up the rows that writers of PostgreSQL added; return their number."""
    database = connections[using]
    if database.vendor != "postgresql":
        return 0
    before = ListCount.objects.using(using).count()
    statement = _FOLDED.replace("KEYS_OF_C", _prefixed("c"))
    statement = statement.replace("KEYS_OF_S", _prefixed("s"))
    with database.cursor() as cursor:
        cursor.execute(statement.replace("KEYS", COLUMNS))
    return max(0, before - ListCount.objects.using(using).count())


def _prefixed(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in COLUMNS.split(", "))
