"""Counters of lists: how many namespaces have which values, changed with the mirror."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connection, connections, transaction
from django.db.models import QuerySet

from nsadmin.namespaces.models.lists import ListCount, deleted

logger = structlog.get_logger(__name__)

LONGEST = 200  # characters of an extractor
Statement = tuple[str, list[Any]]
_NO_NAME = "''"
_COLUMNS = "listed_for, tier, status, differs, unreadable, extractor"
_VALUES = "m.listed_for, m.tier, m.stored_status, m.has_differences, m.is_unreadable"
_EXTRACTORS = {
    "sqlite": (
        f"SELECT DISTINCT m.namespace_id, {_VALUES}, "  # noqa: S608
        "substr(j.value, 1, 200) AS extractor "
        "FROM namespaces_mirrorednamespace m, json_each(m.extractor_ids) j "
        "WHERE j.type = 'text' AND j.value <> ''"
    ),
    "postgresql": (
        f"SELECT DISTINCT m.namespace_id, {_VALUES}, "  # noqa: S608
        "left(e #>> '{}', 200) AS extractor "
        "FROM namespaces_mirrorednamespace m, LATERAL jsonb_array_elements(CASE "
        "jsonb_typeof(m.extractor_ids) WHEN 'array' THEN m.extractor_ids "
        "ELSE '[]' END) e WHERE jsonb_typeof(e) = 'string' AND e #>> '{}' <> ''"
    ),
}
# Every namespace once without and once with each extractor; EXTRACTORS is from above.
_EACH = (
    "SELECT listed_for, tier, stored_status AS status, has_differences AS differs, "  # noqa: S608
    "is_unreadable AS unreadable, extractor, 1 AS n FROM (SELECT m.namespace_id, "
    f"{_VALUES}, '' AS extractor FROM namespaces_mirrorednamespace m "
    "UNION ALL EXTRACTORS) m"
)
# One statement sees one state of both tables, whoever writes meanwhile.
_DIFFERENT = (
    f"SELECT {_COLUMNS}, sum(n) AS n FROM (EACH UNION ALL SELECT {_COLUMNS}, -n "  # noqa: S608
    "FROM namespaces_listcount) d GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"
)
_COUNTED = (
    f"INSERT INTO namespaces_listcount ({_COLUMNS}, n) "  # noqa: S608
    f"SELECT {_COLUMNS}, count(*) FROM (EACH) d GROUP BY 1, 2, 3, 4, 5, 6"
)
_FOLDED = (
    "WITH split AS (SELECT KEYS FROM namespaces_listcount GROUP BY 1, 2, 3, 4, 5, 6 "
    "HAVING count(*) > 1 OR sum(n) = 0), gone AS (DELETE FROM namespaces_listcount c "
    "USING split s WHERE (KEYS_OF_C) = (KEYS_OF_S) RETURNING c.*) "
    "INSERT INTO namespaces_listcount (KEYS, n) SELECT KEYS, sum(n) FROM gone "
    "GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"
)
_KEPT = (
    "INSERT INTO namespaces_listedextractor (namespace_id, listed_for, extractor) "
    "SELECT namespace_id, listed_for, extractor FROM (EXTRACTORS) m WHERE NOT EXISTS "
    "(SELECT 1 FROM namespaces_listedextractor e WHERE "
    "e.namespace_id = m.namespace_id AND e.listed_for = m.listed_for "
    "AND e.extractor = m.extractor)"
)
_DROPPED = (
    "DELETE FROM namespaces_listedextractor WHERE NOT EXISTS "
    "(SELECT 1 FROM (EXTRACTORS) m WHERE "
    "m.namespace_id = namespaces_listedextractor.namespace_id "
    "AND m.listed_for = namespaces_listedextractor.listed_for "
    "AND m.extractor = namespaces_listedextractor.extractor)"
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
        f"SELECT {_COLUMNS}, sum(n) FROM namespaces_listcount "  # noqa: S608
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


def rebuild(*, using: str = "default", is_first: bool = False) -> int:
    """Count everything anew and mend what differs; return how many counters did.

    Differences are logged: a counter that the triggers left wrong is a defect. Not so
    if it `is_first`: there were no triggers before.
    """
    database = connections[using]
    if database.vendor not in _EXTRACTORS:
        return 0
    extractors = _EXTRACTORS[database.vendor]
    each = _EACH.replace("EXTRACTORS", extractors)
    with transaction.atomic(using=using), database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute("DELETE FROM namespaces_listcount WHERE n = 0")
            cursor.execute(_DIFFERENT.replace("EACH", each))
            wrong = cursor.fetchall()
            if wrong:
                # Triggers change counters in place, so that each has one row.
                cursor.execute("DELETE FROM namespaces_listcount")
                cursor.execute(_COUNTED.replace("EACH", each))
        else:
            different = _DIFFERENT.replace("EACH", each)
            cursor.execute(
                f"INSERT INTO namespaces_listcount ({_COLUMNS}, n) {different} "
                f"RETURNING {_COLUMNS}, n"
            )
            wrong = cursor.fetchall()
        for statement in (_DROPPED, _KEPT):
            cursor.execute(statement.replace("EXTRACTORS", extractors))
    if not is_first:
        _log(wrong)
    return len(wrong)


def fold(*, using: str = "default") -> int:
    """Add up the rows that writers of PostgreSQL added; return their number."""
    database = connections[using]
    if database.vendor != "postgresql":
        return 0
    before = ListCount.objects.using(using).count()
    statement = _FOLDED.replace("KEYS_OF_C", _prefixed("c"))
    statement = statement.replace("KEYS_OF_S", _prefixed("s"))
    with database.cursor() as cursor:
        cursor.execute(statement.replace("KEYS", _COLUMNS))
    return max(0, before - ListCount.objects.using(using).count())


def _prefixed(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _COLUMNS.split(", "))


def _log(wrong: Iterable[tuple[object, ...]]) -> None:
    for row in list(wrong)[:20]:
        logger.warning("list_counter_wrong", counter=row[:-1], off_by=row[-1])
