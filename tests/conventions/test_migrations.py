"""`tests.migrations_check` refuses what the release before could not run beside."""

import subprocess
import sys

import pytest

from tests import migrations_check
from tests.conventions.source import ROOT
from tests.deployment import tools


@pytest.fixture
def postgresql() -> None:
    """A machine with PostgreSQL's programs."""
    tools.needs_postgresql()


def looked_at(*names: str) -> subprocess.CompletedProcess[str]:
    """Have the check look at migrations."""
    return subprocess.run(
        [sys.executable, "-m", "tests.migrations_check", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_baseline_names_migrations_that_are_there() -> None:
    names = migrations_check.baseline()
    assert len(names) > 40
    for name in names:
        app, _, migration = name.partition(".")
        assert list((ROOT / "nsadmin").glob(f"{app}/**/migrations/{migration}.py"))


@pytest.mark.faults
@pytest.mark.usefixtures("postgresql")
def test_a_column_without_a_default_of_the_database_is_refused() -> None:
    refused = looked_at("access.0008_second_person")
    assert refused.returncode == 1, refused.stderr
    assert "NOT NULL constraint on columns" in refused.stdout


@pytest.mark.faults
@pytest.mark.usefixtures("postgresql")
def test_a_column_with_one_passes() -> None:
    passed = looked_at("access.0011_key_pepper")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "migrations looked at: 1, refused: 0" in passed.stdout
