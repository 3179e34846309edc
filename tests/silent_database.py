"""A database that answers no statement, as the web server meets a stopped PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection


@contextmanager
def silent_database() -> Iterator[None]:
    """Fail every statement of this thread with what a driver raises without a server."""

    def fail(*_statement: object) -> None:
        raise OperationalError('connection to server at "10.0.0.7" failed')

    with connection.execute_wrapper(fail):
        yield
