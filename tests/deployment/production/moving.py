"""README's way from SQLite to PostgreSQL, with a row in every table."""

import json
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from tests.deployment.production.installation import Installation

FILL = Path(__file__).with_name("every_table.py").read_text()
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Moved:
    """What was in SQLite, what is in PostgreSQL, and what verifying the audit says.

    `left_out` are the tables and apps that the dump leaves out; `filled` those tables that
    the databases fill, be it `migrate` or a trigger.
    """

    before: Rows
    after: Rows
    verdict: str
    left_out: set[str]
    filled: set[str]

    @property
    def filled_twice(self) -> set[str]:
        """The tables whose rows are moved although the new database fills them too."""
        return {
            table
            for table in self.filled
            if not self.left_out & {table, table.partition(".")[0]}
        }


def move(installed: Installation) -> Moved:
    """Fill a database of SQLite, and move its rows to another one of PostgreSQL."""
    old = f"sqlite:///{installed.state}/nsadmin.sqlite3"
    new = _created(installed.env["DATABASE_URL"])
    installed.run(["nsadmin", "migrate"], DATABASE_URL=old)
    filling = ["nsadmin", "shell", "-v", "0", "-c", FILL]
    filled = json.loads(installed.run(filling, DATABASE_URL=old))
    dump, *loading, verifying = map(shlex.split, installed.lines.moving)
    before = _dumped(installed, dump, old)
    for words in loading:
        installed.run(words, DATABASE_URL=new)
    after = _dumped(installed, dump, new)
    verdict = installed.run(verifying, DATABASE_URL=new)
    left_out = {what for option, what in pairwise(dump) if option == "-e"}
    return Moved(before, after, verdict, left_out, set(filled))


def _created(url: str) -> str:
    """The address of a new database on the same server, with the extension."""
    made = url.replace("/nsadmin", "/moved")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE moved")
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    return made


def _dumped(installed: Installation, dump: list[str], url: str) -> Rows:
    """The rows that README's line writes of a database."""
    installed.run(dump, DATABASE_URL=url)
    file = installed.state / dump[-1]
    return [json.loads(line) for line in file.read_text().split("\n") if line]
