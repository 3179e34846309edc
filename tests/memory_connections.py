"""Connections to SQLite in memory that are closed when nothing refers to them any more.

Django never closes one, for its data would go with the last of them; and so Python tells
of one whose thread has ended as of a leak, from 3.13 on. A connection to a file is left as
it is: what forgets to close it is told.
"""

import sqlite3
from typing import Any


class InMemory(sqlite3.Connection):
    """A connection that needs no closing."""

    def __del__(self) -> None:
        self.close()


def connection(database: str, *options: Any, **named: Any) -> sqlite3.Connection:
    """Return a new connection; a `factory` for `sqlite3.connect`."""
    is_in_memory = database == ":memory:" or "mode=memory" in str(database)
    kind = InMemory if is_in_memory else sqlite3.Connection
    return kind(database, *options, **named)
