"""The statements by which copies become rows, some hundred rows at once.

Of a row that exists only the columns that differ are written: each index and trigger
of the table that names none of them then costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from nsadmin.namespaces.mirror.copies import BATCH, Copy
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


def update(
    columns: Sequence[str],
    changes: Sequence[Change],
    stamp: datetime,
    meanwhile: Callable[[], None] | None = None,
) -> int:
    """Write these columns of rows that were not written since; return their number.

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
    return _execute_update([*columns, "digest", "mirrored_at"], values, meanwhile)


def keep_digests(pairs: Iterable[tuple[Copy, MirroredNamespace]]) -> None:
    """Note that these rows say what the copies do, unless they were written since."""
    at = value_of("mirrored_at")
    values = [
        [copy.digest, copy.key, at(row.mirrored_at)]
        for copy, row in pairs
        if copy.digest != row.digest
    ]
    for start in range(0, len(values), BATCH):
        with transaction.atomic():
            _execute_update(["digest"], values[start : start + BATCH])


def _execute_update(
    columns: Sequence[str], values: Rows, meanwhile: Callable[[], None] | None = None
) -> int:
    """Update rows; each of `values` ends in the key and the former `mirrored_at`."""
    quoted = connection.ops.quote_name
    table = quoted(ROW.db_table)
    if connection.vendor == "sqlite":
        sets = ", ".join(f"{quoted(name)} = %s" for name in columns)
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET {sets} "  # noqa: S608 - names of ours
                "WHERE namespace_id = %s AND mirrored_at = %s",
                values,
            )
            return int(max(0, cursor.rowcount))
    # One statement, for which the triggers of statements run once.
    sets = ", ".join(f"{n} = v.{n}" for n in map(quoted, columns))
    names = ", ".join([*map(quoted, columns), "key_", "at_"])
    types = [_type_of(name) for name in (*columns, "namespace_id", "mirrored_at")]
    statement = (
        f"UPDATE {table} SET {sets} "  # noqa: S608 - names of ours
        f"FROM unnest({arrays(types)}) v ({names}) "
        f"WHERE {table}.namespace_id = v.key_ AND {table}.mirrored_at = v.at_"
    )
    with array_cursor() as cursor:
        with _sent(meanwhile):
            cursor.execute(statement, columns_of(values))
        return int(max(0, cursor.rowcount))


def _type_of(column: str) -> str:
    return str(ROW.get_field(column).db_type(connection))


@contextmanager
def _sent(meanwhile: Callable[[], None] | None) -> Iterator[None]:
    """Send the statement of the block, work, and then wait for the statement's end.

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
