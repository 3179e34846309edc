"""Counting the lists anew, and mending counters and extractors that differ.

Differences are read while others write, and mended some hundred rows at a time: SQLite
has one writer. The triggers add to a counter, so its error stays the same meanwhile.
Therefore the difference is added, and no count is set.
"""

from collections.abc import Sequence
from typing import Any

import structlog
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from nsadmin.jobs.slices import slices
from nsadmin.jobs.trimming import delete_in_slices
from nsadmin.namespaces.listing.counting.counters import COLUMNS
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.lists import ListCount

logger = structlog.get_logger(__name__)

Row = tuple[Any, ...]
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
# One statement sees one state of both tables, also while others write.
_DIFFERENT = (
    f"SELECT {COLUMNS}, sum(n) AS n FROM ({_EACH} UNION ALL SELECT {COLUMNS}, -n "  # noqa: S608
    "FROM namespaces_listcount) d GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0"
)
_INSERTED = (
    f"INSERT INTO namespaces_listcount ({COLUMNS}, n) {_DIFFERENT} "
    f"RETURNING {COLUMNS}, n"
)
_SAME = " AND ".join(f"{name} = %s" for name in COLUMNS.split(", "))
_ONE = f"SELECT min(id) FROM namespaces_listcount WHERE {_SAME}"  # noqa: S608
_SURPLUS = f"DELETE FROM namespaces_listcount WHERE {_SAME} AND id > ({_ONE})"  # noqa: S608
_MISSING = (
    f"INSERT INTO namespaces_listcount ({COLUMNS}, n) "
    f"SELECT %s, %s, %s, %s, %s, %s, 0 WHERE ({_ONE}) IS NULL"
)
_ADDED = f"UPDATE namespaces_listcount SET n = n + %s WHERE {_SAME}"  # noqa: S608
# WITHIN narrows the rows of the mirror: no database would do so by `e` alone.
_OBSOLETE = (
    "namespaces_listedextractor e WHERE NOT EXISTS (SELECT 1 FROM (EXTRACTORS) m "
    "WHERE WITHIN m.namespace_id = e.namespace_id AND m.listed_for = e.listed_for "
    "AND m.extractor = e.extractor)"
)
_OF_KEYS = _OBSOLETE.replace("WITHIN", "m.namespace_id IN (KEYS) AND")
_UNLISTED = (
    "(EXTRACTORS) m WHERE NOT EXISTS (SELECT 1 FROM namespaces_listedextractor e "
    "WHERE e.namespace_id = m.namespace_id AND e.listed_for = m.listed_for "
    "AND e.extractor = m.extractor)"
)
_DIFFERING = (
    f"SELECT e.namespace_id FROM {_OBSOLETE.replace('WITHIN', '')} "  # noqa: S608
    f"UNION SELECT m.namespace_id FROM {_UNLISTED} ORDER BY 1"
)
_DROPPED = (
    "DELETE FROM namespaces_listedextractor WHERE id IN "  # noqa: S608
    f"(SELECT e.id FROM {_OF_KEYS} AND e.namespace_id IN (KEYS))"
)
_KEPT = (
    "INSERT INTO namespaces_listedextractor (namespace_id, listed_for, extractor) "  # noqa: S608
    f"SELECT namespace_id, listed_for, extractor FROM {_UNLISTED} "
    "AND m.namespace_id IN (KEYS)"
)


def rebuild(*, using: str = "default", is_first: bool = False) -> int:
    """Count everything anew and mend what differs; return how many counters did.

    Differences are logged: a counter that the triggers left wrong is a defect. Not so
    if it `is_first`: there were no triggers before.
    """
    database = connections[using]
    if database.vendor not in _EXTRACTORS:
        return 0
    is_sqlite = database.vendor == "sqlite"
    wrong = _mend_counters(using) if is_sqlite else _rows(database, _INSERTED)
    keys = [key for (key,) in _rows(database, _DIFFERING)]
    for part in slices(keys):
        _mend_extractors(using, part)
    if not is_first:
        _log(wrong)
    return len(wrong)


def _mend_counters(using: str) -> list[Row]:
    """Mend the counters of SQLite, which the triggers change in place.

    They cannot subtract from a counter that has no row. So it gets one first, and what
    it is off by is read anew.
    """
    database = connections[using]
    delete_in_slices(ListCount.objects.using(using).filter(n=0))
    wrong = _rows(database, _DIFFERENT)
    for part in slices([row[:-1] for row in wrong]):
        with transaction.atomic(using=using), database.cursor() as cursor:
            cursor.executemany(_SURPLUS, [(*key, *key) for key in part])
            cursor.executemany(_MISSING, [(*key, *key) for key in part])
    left = _rows(database, _DIFFERENT) if wrong else []
    for part in slices([(row[-1], *row[:-1]) for row in left]):
        with transaction.atomic(using=using), database.cursor() as cursor:
            cursor.executemany(_ADDED, part)
    return wrong


def _mend_extractors(using: str, keys: Sequence[str]) -> None:
    """Drop and add what differs for these namespaces, whose rows are locked meanwhile.

    The statements look anew, for what was read may have changed since.
    """
    database = connections[using]
    rows = MirroredNamespace.objects.using(using).filter(pk__in=keys)
    with transaction.atomic(using=using), database.cursor() as cursor:
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        for statement in (_DROPPED, _KEPT):
            marks = ", ".join(["%s"] * len(keys))
            values = [*keys] * statement.count("KEYS")
            cursor.execute(_of(database, statement).replace("KEYS", marks), values)


def _rows(database: BaseDatabaseWrapper, statement: str) -> list[Row]:
    with database.cursor() as cursor:
        cursor.execute(_of(database, statement))
        rows: list[Row] = cursor.fetchall()
        return rows


def _of(database: BaseDatabaseWrapper, statement: str) -> str:
    return statement.replace("EXTRACTORS", _EXTRACTORS[database.vendor])


def _log(wrong: Sequence[Row]) -> None:
    for row in wrong[:20]:
        logger.warning("list_counter_wrong", counter=row[:-1], off_by=row[-1])
