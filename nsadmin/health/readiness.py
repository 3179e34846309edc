"""Whether the stores that every page needs answer now."""

from collections.abc import Callable

from django.db import DatabaseError, connection

from nsadmin.errors import Unavailable
from nsadmin.stores import redis
from nsadmin.stores.mongo import connection as mongo


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        raise Unavailable("The database does not answer.") from None


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "redis": redis.ping,
    "namespace store": mongo.ping,
}


def failures() -> list[str]:
    """Return the names of the stores that do not answer; Qdrant is not required."""
    found = []
    for name, check in _CHECKS.items():
        try:
            check()
        except Unavailable:
            found.append(name)
    return found
