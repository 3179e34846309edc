"""The statements that count the rows of a list, sent as they are."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from nsadmin.namespaces.listing import walks
from nsadmin.namespaces.listing.walks import Walk
from nsadmin.namespaces.models import MirroredNamespace

Row = tuple[Any, ...]
Statement = tuple[str, list[Any]]


def read(
    parts: Iterable[QuerySet[MirroredNamespace, Row]],
    most: int,
    *,
    then: Statement | None = None,
    unless_all_met: bool = False,
) -> tuple[list[Row], int]:
    """Read up to `most` rows of the parts, as the database gives them.

    The ORM would convert each value. If there are as many, the rows of the statement
    `then` are counted, else that number is 0; `unless_all_met` only if one of the rows
    has no true value `met`. All this is one statement.
    """
    texts: list[str] = []
    values: list[Any] = []
    for rows in parts:
        with suppress(EmptyResultSet):
            text, given = rows[:most].query.sql_with_params()
            texts.append(f"SELECT * FROM ({text}) b{len(texts)}")  # noqa: S608
            values += given
    if not texts:
        return [], 0
    counted = "0"
    if then is not None:
        odd = " AND EXISTS (SELECT 1 FROM s WHERE NOT met)" * unless_all_met
        counted = (
            f"CASE WHEN (SELECT count(*) FROM s) >= {most}{odd} "  # noqa: S608
            f"THEN (SELECT count(*) FROM ({then[0]}) c) ELSE 0 END"
        )
        values += then[1]
    statement = (
        f"WITH s AS (SELECT * FROM ({' UNION ALL '.join(texts)}) u LIMIT {most}) "  # noqa: S608
        f"SELECT s.*, {counted} FROM s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall()
    return [row[:-1] for row in found], int(found[0][-1]) if found else 0


# {database: its function for a JSON object of rows}
_OBJECTS = {"sqlite": "json_group_object", "postgresql": "json_object_agg"}


def read_entries(
    chosen: Statement, ending: Any, most: int, *, then: Statement | None = None
) -> tuple[list[Row], int, dict[str, int | None]]:
    """Read the id and facets of search entries, and whether they end by `ending`.

    `chosen` selects up to `most` of them, with their expiry as the last column. If
    there are as many, the rows of the statement `then` are counted, else that number is
    0 and the document count of each namespace is returned. All this is one statement.
    """
    made = _OBJECTS[connection.vendor]
    documents = (
        f"SELECT CAST({made}(m.namespace_id, m.document_count) AS text) "  # noqa: S608
        "FROM namespaces_mirrorednamespace m WHERE m.namespace_id IN (SELECT id FROM s)"
    )
    counted, values = "0", [*chosen[1], ending]
    if then is not None:
        counted = f"CASE WHEN n >= {most} THEN (SELECT count(*) FROM ({then[0]}) c) END"  # noqa: S608
        values += then[1]
    statement = (
        f"WITH s (id, facets, ends) AS ({chosen[0]}) "  # noqa: S608
        "SELECT id, facets, CASE WHEN ends <= %s THEN 1 ELSE 0 END, 0 FROM s UNION ALL "
        f"SELECT '', CASE WHEN n < {most} THEN ({documents}) END, {counted}, 1 "
        "FROM (SELECT count(*) AS n FROM s) z"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall()
    (_, text, number, _), *_ = (row for row in found if row[3])
    rows = [row[:3] for row in found if not row[3]]
    return rows, number or 0, json.loads(text or "{}")


def rows_of(walk: Walk, most: int | None) -> Statement:
    """Return the statement for up to `most` rows of a walk, in no order."""
    parts: list[str] = []
    values: list[Any] = []
    for lists in walk.groups:
        rows = walks.selected(walk, lists).order_by().values_list("namespace_id")
        with suppress(EmptyResultSet):
            statement, given = rows[:most].query.sql_with_params()
            parts.append(f"SELECT * FROM ({statement}) b{len(parts)}")  # noqa: S608
            values += given
    if not parts:
        return "SELECT 1 WHERE 1 = 0", []
    limit = "" if most is None else f" LIMIT {most}"
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) u{limit}", values  # noqa: S608
