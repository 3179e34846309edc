"""A backup that fails or is interrupted leaves nothing, so that a second try succeeds."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from tests.faults import database
from tests.faults.database import Rows
from tests.production_check import ROOT, SETTINGS, environment

pytestmark = pytest.mark.django_db

# Zeros that make the copy of SQLite last for a moment.
FILLING_BYTES = 64 << 20
MAKE = (sys.executable, "-m", "nsadmin", "backup", "make")


@pytest.fixture
def rows(empty_rows: Rows, django_db_blocker) -> Iterator[Rows]:
    """A database of its own, with our tables."""
    with django_db_blocker.unblock(), database.copy(empty_rows) as made:
        yield made


def given(rows: Rows, **more: str) -> dict[str, str]:
    return {**environment(), **SETTINGS, "DATABASE_URL": rows.url, **more}


def finished(command: list[str], env: dict[str, str]) -> tuple[int, str]:
    """The status of a command that ends, and its errors."""
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_file_of_secrets_that_exists(rows: Rows, tmp_path: Path) -> None:
    folder, secrets = tmp_path / "backup", tmp_path / "secrets"
    secrets.write_text("of before")
    command = [*MAKE, str(folder), "--secrets", str(secrets)]
    status, said = finished(command, given(rows))
    assert status == 1
    assert f"{secrets} exists already." in said
    assert secrets.read_text() == "of before"
    assert not folder.exists()
    secrets.unlink()
    assert finished(command, given(rows)) == (0, "")


def test_a_database_that_cannot_be_dumped(rows: Rows, tmp_path: Path) -> None:
    """A disk that is full for SQLite, PostgreSQL without pg_dump."""
    folder, secrets = tmp_path / "backup", tmp_path / "secrets"
    command = [*MAKE, str(folder), "--secrets", str(secrets)]
    failing, env = command, given(rows)
    if connections["default"].vendor == "sqlite":
        failing = ["/bin/bash", "-c", 'ulimit -f 64; exec "$@"', "bash", *command]
    else:
        env["PATH"] = str(tmp_path)
    status, said = finished(failing, env)
    assert status == 1
    assert said.startswith("CommandError: ")
    assert list(tmp_path.iterdir()) == []
    assert finished(command, given(rows)) == (0, "")


def test_an_interrupt(rows: Rows, tmp_path: Path) -> None:
    if connections["default"].vendor == "sqlite":
        with sqlite3.connect(rows.name) as file:
            file.execute(
                "CREATE TABLE filling AS SELECT zeroblob(?) z", [FILLING_BYTES]
            )
        file.close()
    folder = tmp_path / "backup"
    with subprocess.Popen(
        [*MAKE, str(folder)], env=given(rows), cwd=ROOT, stderr=subprocess.PIPE
    ) as process:
        while not folder.exists() and process.poll() is None:
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"")
    assert not folder.exists()
