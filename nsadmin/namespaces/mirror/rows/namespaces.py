"""The statements by which copies become rows, some hundred rows at once.

Of a row that exists only the columns that differ are written: each index and trigger
of the table that names none of them then costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from nsadmin.namespaces.mirror.copies import BATCH, Copy
from nsadmin.namespaces.mirror.rows import documents
from nsadmin.namespaces.mirror.rows.known import Change
from nsadmin.namespaces.mirror.rows.values import (
    ROW,
    Rows,
    array_cursor,
    arrays,
    columns_of,
    merged,
    places,
    value_of,
)
from nsadmin.namespaces.models import MirroredNamespace


class Written(NamedTuple):
    """How many rows were written, and how many documents of these rows."""

    rows: int
    documents: int


def update(
    columns: Sequence[str],
    changes: Sequence[Change],
    stamp: datetime,
    meanwhile: Callable[[], None] | None = None,
) -> Written:
    """Write these columns of rows that were not written since, and their documents.

    `meanwhile` is work that asks no database, for the time in which PostgreSQL writes.
    """
    plan = [(name, value_of(name)) for name in columns]
    at = value_of("mirrored_at")
    written = at(stamp)
    has_text = "search_text" in columns
    values = []
    for change in changes:
        given = change.copy.whole() if has_text else change.copy.values
        row = [value(given[name]) for name, value in plan]
        digest = change.copy.digest
        values.append([*row, digest, written, change.copy.key, at(change.before)])
    names, copies = [*columns, "digest", "mirrored_at"], [each.copy for each in changes]
    if connection.vendor == "sqlite":
        rows = _update_each(names, values)
        # The documents of all are written, or else by `documents.upsert`.
        return Written(rows, documents.update(copies) if rows == len(copies) else 0)
    # One statement for all rows: the triggers of statements run once.
    with array_cursor() as rows_cursor, array_cursor() as documents_cursor:
        with _sent(meanwhile):
            rows_cursor.execute(_update_statement(names), columns_of(values))
            documents.send_update(documents_cursor, copies, stamp)
        return Written(rows_cursor.rowcount, documents_cursor.rowcount)


def keep_digests(pairs: Iterable[tuple[Copy, MirroredNamespace]]) -> None:
    """Note that these rows say what the copies do, unless they were written since."""
    at = value_of("mirrored_at")
    values = [
        [copy.digest, copy.key, at(row.mirrored_at)]
        for copy, row in pairs
        if copy.digest != row.digest
    ]
    for start in range(0, len(values), BATCH):
        part = values[start : start + BATCH]
        with transaction.atomic():
            if connection.vendor == "sqlite":
                _update_each(["digest"], part)
            else:
                with array_cursor() as cursor:
                    cursor.execute(_update_statement(["digest"]), columns_of(part))


def _update_each(columns: Sequence[str], values: Rows) -> int:
    """Update rows of SQLite; each of `values` ends in the key and its `mirrored_at`."""
    quoted = connection.ops.quote_name
    sets = ", ".join(f"{quoted(name)} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quoted(ROW.db_table)} SET {sets} "  # noqa: S608 - names of ours
            "WHERE namespace_id = %s AND mirrored_at = %s",
            values,
        )
        return int(max(0, cursor.rowcount))


def _update_statement(columns: Sequence[str]) -> str:
    """Return the statement for PostgreSQL, of the same values column by column."""
    quoted = connection.ops.quote_name
    table = quoted(ROW.db_table)
    sets = ", ".join(f"{n} = v.{n}" for n in map(quoted, columns))
    names = ", ".join([*map(quoted, columns), "key_", "at_"])
    types = [_type_of(name) for name in (*columns, "namespace_id", "mirrored_at")]
    return (
        f"UPDATE {table} SET {sets} "  # noqa: S608 - names of ours
        f"FROM unnest({arrays(types)}) v ({names}) "
        f"WHERE {table}.namespace_id = v.key_ AND {table}.mirrored_at = v.at_"
    )


def _type_of(column: str) -> str:
    return str(ROW.get_field(column).db_type(connection))


@contextmanager
def _sent(meanwhile: Callable[[], None] | None) -> Iterator[None]:
    """Send the statements of the block, work, and then wait for their end.

    Waiting and working one after the other, a comparison would use one core at a time.
    """
    if meanwhile is None:
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
        meanwhile()


def upsert(copies: Sequence[Copy], stamp: datetime, read_at: datetime) -> int:
    """Insert rows; one that exists is updated as far as a copy has values for it."""
    if not copies:
        return 0
    at = value_of("mirrored_at")
    plan = [
        (field.name, value_of(field.name), field.get_default)
        for field in ROW.concrete_fields
        if not field.generated
    ]
    rows = []
    for copy in copies:
        given = {**copy.whole(), **copy.first, "namespace_id": copy.key}
        given |= {"digest": copy.digest, "mirrored_at": stamp}
        rows.append(
            [
                value(given[name] if name in given else default())
                for name, value, default in plan
            ]
        )
    names = [name for name, _, _ in plan]
    statement = _upsert_statement(names, [*copies[0].whole(), "digest", "mirrored_at"])
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            every = [[*row, at(read_at)] for row in rows]
            cursor.executemany(statement.format(places(rows[:1])), every)
        else:
            values = [*merged(rows), at(read_at)]
            cursor.execute(statement.format(places(rows)), values)
        return int(max(0, cursor.rowcount))


def _upsert_statement(names: Sequence[str], updated: Sequence[str]) -> str:
    """Return the statement; a row that exists keeps what is not `updated`."""
    quoted = connection.ops.quote_name
    table = quoted(ROW.db_table)
    sets = ", ".join(f"{n} = excluded.{n}" for n in map(quoted, updated))
    return (
        f"INSERT INTO {table} ({', '.join(map(quoted, names))}) "  # noqa: S608
        "VALUES {} "
        f"ON CONFLICT (namespace_id) DO UPDATE SET {sets} "
        f"WHERE {table}.mirrored_at < %s OR {table}.revision < excluded.revision "
        f"OR ({table}.revision = excluded.revision AND ({table}.updated_at IS NULL "
        f"OR excluded.updated_at IS NULL "
        f"OR {table}.updated_at <= excluded.updated_at))"
    )
