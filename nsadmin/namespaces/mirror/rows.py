"""The statements by which copies become rows, some hundred rows at once.

Of a row that exists only the columns that differ are written: each index and trigger
of the table that names none of them then costs nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import orjson
from django.db import connection, models, transaction

from nsadmin.names import lines_of
from nsadmin.namespaces.mirror.copies import BATCH, Copy
from nsadmin.namespaces.models import MirroredDocument, MirroredNamespace

Value = Callable[[Any], Any]

_ROW: Final = MirroredNamespace._meta  # noqa: SLF001
_DOCUMENT: Final = MirroredDocument._meta  # noqa: SLF001
# Columns whose values a driver does not take as they are.
_ADAPTED: Final = (models.DateTimeField, models.JSONField)


@dataclass(frozen=True, slots=True)
class Change:
    """A copy that differs from its row, and when the row was written before."""

    copy: Copy
    before: datetime


# Changes by the names of the columns that differ.
Groups = dict[tuple[str, ...], list[Change]]


def compared(copies: Sequence[Copy], read_at: datetime) -> tuple[list[Copy], Groups]:
    """Return the copies without rows, and those that are newer than their rows."""
    known = _known(copies)
    groups: Groups = {}
    for copy in copies:
        if copy.key not in known:
            continue
        before, row = known[copy.key]
        if before < read_at or _is_newer(copy.values, row):
            differing = [n for n, value in copy.values.items() if row[n] != value]
            if lines_of(row["search_text"]) != copy.lines:
                differing.append("search_text")
            groups.setdefault(tuple(differing), []).append(Change(copy, before))
    return [copy for copy in copies if copy.key not in known], groups


def _known(copies: Sequence[Copy]) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """Return by key when each row was written, and its values.

    They are read without the ORM, which takes longer than to compare them.
    """
    quoted, names = connection.ops.quote_name, [*copies[0].values, "search_text"]
    columns = ", ".join(map(quoted, ["namespace_id", "mirrored_at", *names]))
    dates = [n for n in names if isinstance(_ROW.get_field(n), models.DateTimeField)]
    found: dict[str, tuple[datetime, dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {quoted(_ROW.db_table)} "  # noqa: S608 - names of ours
            f"WHERE namespace_id IN {_places([copies])}",
            [copy.key for copy in copies],
        )
        for key, before, *values in cursor:
            row = dict(zip(names, values, strict=True))
            for name in dates:
                if row[name] is not None:
                    row[name] = _zoned(row[name])
            row["extractor_ids"] = orjson.loads(row["extractor_ids"])
            found[key] = (_zoned(before), row)
    return found


def sources_of(
    clones: Sequence[str], sources: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Return key, source and its name of these clones, and of those of `sources`.

    Without the ORM, which takes longer to check so many keys than to find them.
    """
    named = {"namespace_id": clones, "source_namespace_id": sources}
    given = {column: keys for column, keys in named.items() if keys}
    wanted = " OR ".join(f"{c} IN {_places([keys])}" for c, keys in given.items())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT namespace_id, source_namespace_id, source_name "  # noqa: S608
            f"FROM {connection.ops.quote_name(_ROW.db_table)} "
            f"WHERE source_namespace_id <> '' AND ({wanted})",
            [key for keys in given.values() for key in keys],
        )
        return list(cursor.fetchall())


def _zoned(value: datetime) -> datetime:
    """Return a time with its zone, which SQLite leaves out."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _is_newer(copy: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Tell whether a document is as new as that of the row, or newer; as `upsert`."""
    if copy["revision"] != row["revision"]:
        return bool(copy["revision"] > row["revision"])
    one, other = row["updated_at"], copy["updated_at"]
    return one is None or other is None or bool(one <= other)


def update(columns: Sequence[str], changes: Sequence[Change], stamp: datetime) -> int:
    """Write these columns of rows that nobody wrote meanwhile; return their number."""
    plan = [(name, _value(name)) for name in columns]
    at = _value("mirrored_at")
    written = at(stamp)
    has_text = "search_text" in columns
    values = []
    for change in changes:
        given = change.copy.whole() if has_text else change.copy.values
        row = [value(given[name]) for name, value in plan]
        digest = change.copy.digest
        values.append([*row, digest, written, change.copy.key, at(change.before)])
    return _execute_update([*columns, "digest", "mirrored_at"], values)


def keep_digests(pairs: Iterable[tuple[Copy, MirroredNamespace]]) -> None:
    """Note that these rows say what the copies do, unless they were written since."""
    at = _value("mirrored_at")
    values = [
        [copy.digest, copy.key, at(row.mirrored_at)]
        for copy, row in pairs
        if copy.digest != row.digest
    ]
    for start in range(0, len(values), BATCH):
        with transaction.atomic():
            _execute_update(["digest"], values[start : start + BATCH])


def _execute_update(columns: Sequence[str], values: list[list[Any]]) -> int:
    """Update rows; each of `values` ends in the key and the former `mirrored_at`."""
    quoted = connection.ops.quote_name
    table = quoted(_ROW.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            sets = ", ".join(f"{quoted(name)} = %s" for name in columns)
            cursor.executemany(
                f"UPDATE {table} SET {sets} "  # noqa: S608 - names of ours
                "WHERE namespace_id = %s AND mirrored_at = %s",
                values,
            )
        else:  # one statement, for which the triggers of statements run once
            kinds = {n: _ROW.get_field(n).db_type(connection) for n in columns}
            sets = ", ".join(
                f"{quoted(n)} = v.{quoted(n)}::{kinds[n]}" for n in columns
            )
            names = ", ".join([*map(quoted, columns), "key_", "at_"])
            cursor.execute(
                f"UPDATE {table} SET {sets} "  # noqa: S608 - names of ours
                f"FROM (VALUES {_places(values)}) v ({names}) "
                f"WHERE {table}.namespace_id = v.key_ AND {table}.mirrored_at = v.at_",
                [value for row in values for value in row],
            )
        return int(max(0, cursor.rowcount))


def _places(values: Sequence[Sequence[Any]]) -> str:
    row = f"({', '.join(['%s'] * len(values[0]))})"
    return ", ".join([row] * len(values))


def upsert(copies: Sequence[Copy], stamp: datetime, read_at: datetime) -> int:
    """Insert rows; one that exists is updated as far as a copy has values for it."""
    if not copies:
        return 0
    at = _value("mirrored_at")
    plan = [
        (field.name, _value(field.name), field.get_default)
        for field in _ROW.concrete_fields
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
    is_many = connection.vendor != "sqlite"
    with connection.cursor() as cursor:
        if is_many:
            merged = [value for row in rows for value in row]
            cursor.execute(statement.format(_places(rows)), [*merged, at(read_at)])
        else:
            places = _places(rows[:1])
            every = [[*row, at(read_at)] for row in rows]
            cursor.executemany(statement.format(places), every)
        return int(max(0, cursor.rowcount))


def _upsert_statement(names: Sequence[str], updated: Sequence[str]) -> str:
    """Return the statement; a row that exists keeps what is not `updated`."""
    quoted = connection.ops.quote_name
    table = quoted(_ROW.db_table)
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


def write_documents(copies: Sequence[Copy], stamp: datetime) -> None:
    """Write the documents of the rows that were written at `stamp`."""
    quoted = connection.ops.quote_name
    rows, table = quoted(_ROW.db_table), quoted(_DOCUMENT.db_table)
    kind = "" if connection.vendor == "sqlite" else "::jsonb"
    at = _value("mirrored_at")(stamp)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (namespace_id, content) "  # noqa: S608 - names of ours
            f"SELECT namespace_id, %s{kind} FROM {rows} "
            "WHERE namespace_id = %s AND mirrored_at = %s "
            "ON CONFLICT (namespace_id) DO UPDATE SET content = excluded.content",
            [(copy.content, copy.key, at) for copy in copies],
        )


def _value(name: str) -> Value:
    """Return what makes a value of a column one of the database in use."""
    return _value_of(name, connection.vendor)


@cache
def _value_of(name: str, vendor: str) -> Value:
    column = _ROW.get_field(name)
    if not isinstance(column, _ADAPTED):
        return _as_it_is
    if vendor == "sqlite" and isinstance(column, models.DateTimeField):
        return _sqlite_time
    return lambda value: column.get_db_prep_save(value, connection)


def _as_it_is(value: Any) -> Any:
    return value


def _sqlite_time(value: datetime | None) -> str | None:
    """Return a time as Django writes it, without asking for its settings each time."""
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))
