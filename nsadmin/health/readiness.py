"""Whether the stores that every page needs answer now, and Redis takes writes."""

from collections.abc import Callable

from django.db import DatabaseError, connection

from nsadmin.errors import NsadminError, Unavailable
from nsadmin.stores import redis
from nsadmin.stores.mongo import connection as mongo


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        raise Unavailable("The database does not answer.") from None


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "redis": redis.check_writable,
    "namespace store": mongo.ping,
}


def failures() -> dict[str, str]:
    """Return {store: why it cannot be used}; Qdrant is not required."""
    found = {}
    for name, check in CHECKS.items():
        try:
            check()
        except NsadminError as failure:
            found[name] = failure.message
    return found
