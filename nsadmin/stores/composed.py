"""Questions to the SQL database that are asked every second: composed once.

Django takes several times longer to compose such a statement than the database does to
answer it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Rows = Callable[..., QuerySet[Any]]


def exist(rows: Rows, *times: datetime) -> bool:
    """Tell whether the rows exist that a function returns for some times.

    It is called once, with stand-ins that it must use as they are: `now` and
    `now - 1 hour` are two times.
    """
    sql, params = _statement(rows, len(times), connection.vendor)
    given = dict(zip(_stand_ins(len(times)), map(_stored, times), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(sql, [given.get(param, param) for param in params])
        return cursor.fetchone() is not None


@lru_cache
def _statement(rows: Rows, times: int, _vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement for a kind of database, and its parameters."""
    asked = rows(*map(_stand_in, range(times))).order_by().query.exists()
    sql, params = asked.sql_with_params()
    return sql, tuple(params)


def _stand_ins(times: int) -> list[Any]:
    return [_stored(_stand_in(number)) for number in range(times)]


def _stand_in(number: int) -> datetime:
    return datetime(1, 1, 1 + number, tzinfo=UTC)


def _stored(time: datetime) -> Any:
    """Return a time as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(time)
