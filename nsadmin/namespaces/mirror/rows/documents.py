"""The statements by which copies become documents of rows."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from nsadmin.namespaces.mirror.copies import Copy
from nsadmin.namespaces.mirror.rows.values import (
    DOCUMENT,
    ROW,
    array_cursor,
    arrays,
    value_of,
)


def write(known: Sequence[Copy], new: Sequence[Copy], stamp: datetime) -> None:
    """Write the documents of the rows that were written at `stamp`, just before.

    All rows of `known` were, and have a document, as nearly all that exist; to update
    it takes less time than to look for it and insert none.
    """
    if _update(known) < len(known):
        new = [*known, *new]
    _upsert(new, stamp)


def _update(copies: Sequence[Copy]) -> int:
    """Write documents that exist; return their number."""
    if not copies:
        return 0
    table = connection.ops.quote_name(DOCUMENT.db_table)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET content = %s WHERE namespace_id = %s",  # noqa: S608
                [(copy.content, copy.key) for copy in copies],
            )
            return int(max(0, cursor.rowcount))
    with array_cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET content = v.content "  # noqa: S608 - names of ours
            f"FROM unnest({arrays(['text', 'text'])}) v (key_, content) "
            f"WHERE {table}.namespace_id = v.key_",
            [[copy.key for copy in copies], [copy.content for copy in copies]],
        )
        return int(max(0, cursor.rowcount))


def _upsert(copies: Sequence[Copy], stamp: datetime) -> None:
    if not copies:
        return
    quoted = connection.ops.quote_name
    rows, table = quoted(ROW.db_table), quoted(DOCUMENT.db_table)
    at = value_of("mirrored_at")(stamp)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (namespace_id, content) "  # noqa: S608 - names of ours
            f"SELECT namespace_id, %s FROM {rows} "
            "WHERE namespace_id = %s AND mirrored_at = %s "
            "ON CONFLICT (namespace_id) DO UPDATE SET content = excluded.content",
            [(copy.content, copy.key, at) for copy in copies],
        )
