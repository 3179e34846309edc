"""Values as each database takes them, many rows in a statement."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, Final

import orjson
from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from nsadmin.namespaces.models import MirroredDocument, MirroredNamespace

Value = Callable[[Any], Any]
Rows = Sequence[Sequence[Any]]

ROW: Final = MirroredNamespace._meta  # noqa: SLF001
DOCUMENT: Final = MirroredDocument._meta  # noqa: SLF001
# Columns whose values a driver does not take as they are.
_ADAPTED: Final = (models.DateTimeField, models.JSONField)
_UTC: Final = "+00:00"


def value_of(name: str) -> Value:
    """Return the function that makes a column's values those of the database in use."""
    return _value_of(name, connection.vendor)


def places(rows: Rows) -> str:
    """Return the places of the values of rows, all as long as the first one."""
    row = f"({', '.join(['%s'] * len(rows[0]))})"
    return ", ".join([row] * len(rows))


def among(column: str, keys: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the condition that a column has one of these values, and its parameters.

    They are one parameter: to SQLite hundreds take longer than what they find.
    """
    if connection.vendor == "sqlite":
        condition = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608
        return condition, [orjson.dumps(keys).decode()]
    return f"{column} = ANY(%s)", [keys]


def merged(rows: Rows) -> list[Any]:
    """Return the values of rows one after another."""
    return [value for row in rows for value in row]


@contextmanager
def array_cursor() -> Iterator[CursorWrapper]:
    """Open a cursor of PostgreSQL that sends arrays beside the statement, in binary.

    Django's own cursor writes values into the statement, which the server has to read:
    for hundreds of documents that takes longer than to store them.
    """
    psycopg = import_module("psycopg")  # of the extra `postgres`
    connection.ensure_connection()
    is_logged = connection.queries_logged
    wrapped = connection.make_debug_cursor if is_logged else connection.make_cursor
    with wrapped(psycopg.Cursor(connection.connection)) as cursor:
        yield cursor


def arrays(kinds: Sequence[str]) -> str:
    """Return the places of one array for each column, by the types of the columns."""
    return ", ".join(f"%b::{kind}[]" for kind in kinds)


def columns_of(rows: Rows) -> list[list[Any]]:
    """Return the values of rows column by column."""
    return [list(column) for column in zip(*rows, strict=True)]


@cache
def _value_of(name: str, vendor: str) -> Value:
    column = ROW.get_field(name)
    if not isinstance(column, _ADAPTED):
        return _as_it_is
    if isinstance(column, models.DateTimeField):
        return _sqlite_time if vendor == "sqlite" else _as_it_is
    return lambda value: column.get_db_prep_save(value, connection)


def _as_it_is(value: Any) -> Any:
    return value


def _sqlite_time(value: datetime | None) -> str | None:
    """Return a time as Django writes it, without asking for its settings each time."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(" ").removesuffix(_UTC)
