"""An SQLite file with our tables, which threads and processes share."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections


def copy_tables(path: Path) -> None:
    """Write the test database, as the migrations left it, to a file."""
    if connections["default"].vendor != "sqlite":
        pytest.skip("Brings an SQLite file of its own; the tests run over another one.")
    connections["default"].ensure_connection()
    with sqlite3.connect(path) as file:
        connections["default"].connection.backup(file)
    file.close()


@contextmanager
def using(path: Path) -> Iterator[None]:
    """Have this process, and every thread it starts, use the file."""
    before = connections["default"]
    kept = connections.settings["default"]
    connections.settings["default"] = {**kept, "NAME": str(path)}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = kept
        connections["default"] = before
