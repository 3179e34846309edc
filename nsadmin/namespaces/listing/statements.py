"""The statements that count the rows of a list, sent as they are."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from nsadmin.namespaces.listing import walks
from nsadmin.namespaces.listing.walks import Walk
from nsadmin.namespaces.models import MirroredNamespace

Row = tuple[Any, ...]


def read(rows: QuerySet[MirroredNamespace, Row]) -> list[Row]:
    """Read rows as the database gives them: the ORM would convert each value."""
    try:
        statement, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [*cursor.fetchall()]


def count(walk: Walk, most: int | None) -> int:
    """Count the rows of a walk, up to `most`; None counts all."""
    statement, values = rows_of(walk, most)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({statement}) c", values)  # noqa: S608
        return int(cursor.fetchone()[0])


def rows_of(walk: Walk, most: int | None) -> tuple[str, list[Any]]:
    """Return the statement for up to `most` rows of a walk, in no order."""
    parts: list[str] = []
    values: list[Any] = []
    for name in walk.lists:
        rows = walks.selected(walk, name).order_by().values_list("namespace_id")
        statement, given = rows[:most].query.sql_with_params()
        parts.append(f"SELECT * FROM ({statement}) b{len(parts)}")  # noqa: S608
        values += given
    limit = "" if most is None else f" LIMIT {most}"
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) u{limit}", values  # noqa: S608
