"""The statements by which copies become documents of rows."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper

from nsadmin.namespaces.mirror.copies import Copy
from nsadmin.namespaces.mirror.rows.values import (
    DOCUMENT,
    ROW,
    arrays,
    value_of,
)


def update(copies: Sequence[Copy]) -> int:
    """Write documents that exist, in SQLite; return their number."""
    table = connection.ops.quote_name(DOCUMENT.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET content = %s WHERE namespace_id = %s",  # noqa: S608
            [(copy.content, copy.key) for copy in copies],
        )
        return int(max(0, cursor.rowcount))


def send_update(cursor: CursorWrapper, copies: Sequence[Copy], stamp: datetime) -> None:
    """Write, in PostgreSQL, documents that exist of the rows written at `stamp`."""
    quoted = connection.ops.quote_name
    rows, table = quoted(ROW.db_table), quoted(DOCUMENT.db_table)
    cursor.execute(
        f"UPDATE {table} SET content = v.content "  # noqa: S608 - names of ours
        f"FROM unnest({arrays(['text', 'text'])}) v (key_, content) "
        f"JOIN {rows} r ON r.namespace_id = v.key_ AND r.mirrored_at = %b "
        f"WHERE {table}.namespace_id = v.key_",
        [
            [copy.key for copy in copies],
            [copy.content for copy in copies],
            value_of("mirrored_at")(stamp),
        ],
    )


def upsert(copies: Sequence[Copy], stamp: datetime) -> None:
    """Write documents of the rows that were written at `stamp`, or add them."""
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
