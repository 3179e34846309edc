"""A database of its own with our tables, which threads and processes share."""

import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections


@dataclass(frozen=True)
class Rows:
    """A database of the same kind as the tests': a file of SQLite, or one by name."""

    name: str

    @property
    def url(self) -> str:
        """The value of DATABASE_URL for another process."""
        if connections["default"].vendor == "sqlite":
            return f"sqlite:///{self.name}"
        given = urlsplit(settings.NSADMIN_DATABASE_URL)
        return given._replace(path=f"/{self.name}").geturl()


@contextmanager
def template() -> Iterator[Rows]:
    """Our tables as the migrations left them; no test's transaction may have begun."""
    default = connections["default"]
    if default.vendor == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "empty.sqlite3"
            default.ensure_connection()
            with sqlite3.connect(path) as file:
                default.connection.backup(file)
            file.close()
            yield Rows(str(path))
        return
    default.close()  # a database that is copied may have no connection
    with copy(Rows(default.settings_dict["NAME"])) as rows:
        yield rows


@contextmanager
def copy(rows: Rows) -> Iterator[Rows]:
    """Make another database with the same tables and rows; it is dropped at the end."""
    default = connections["default"]
    if default.vendor == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            target = str(Path(folder, Path(rows.name).name))
            # A copied file would lack what is still in the log beside it.
            with (
                closing(sqlite3.connect(rows.name)) as source,
                closing(sqlite3.connect(target)) as made,
            ):
                source.backup(made)
            yield Rows(target)
        return
    name = f"{rows.name}_{secrets.token_hex(3)}"
    with default._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{rows.name}"')
    try:
        yield Rows(name)
    finally:
        with default._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def using(rows: Rows) -> Iterator[None]:
    """Have this process, and every thread it starts, use that database."""
    before = connections["default"]
    kept = connections.settings["default"]
    connections.settings["default"] = {**kept, "NAME": rows.name}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = kept
        connections["default"] = before
