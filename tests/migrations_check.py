"""Migrations that the release before can run beside: `python -m tests.migrations_check`.

Run by `make check`. During an upgrade the release before goes on with the new tables. So
a migration only adds: a column with a default of the database, a table, an index. What
is no longer used goes one release later. The statements of PostgreSQL are looked at, so
this needs its server; without one it says so and passes. Names as arguments, such as
access.0008_second_person, are looked at in any case.

`migrations_baseline.txt` lists the migrations that are not looked at: those of releases
that are out, and exceptions, each with its reason behind a #.
"""

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from django.db.migrations import Migration

BASELINE = Path(__file__).with_name("migrations_baseline.txt")


def baseline() -> frozenset[str]:
    """Return the migrations that are not looked at, each as app.name."""
    lines = (
        line.partition("#")[0].strip() for line in BASELINE.read_text().splitlines()
    )
    return frozenset(line for line in lines if line)


def lint(wanted: Collection[str]) -> int:
    """Look at the wanted migrations, or else at all that are not in the baseline.

    Returns how many are refused.
    """
    import django

    django.setup()
    from django_migration_linter import MigrationLinter

    linter = MigrationLinter(no_cache=True, quiet=["ok"])
    known = baseline()
    found = dict(_ours(linter.migration_loader.disk_migrations))
    if gone := known - set(found):
        print(f"The baseline names migrations that are gone: {sorted(gone)}")
        return len(gone)
    for name, migration in sorted(found.items()):
        if name in wanted if wanted else name not in known:
            linter.lint_migration(migration)
    print(f"migrations looked at: {linter.nb_total}, refused: {linter.nb_erroneous}")
    return int(linter.nb_erroneous)


def _ours(
    migrations: Mapping[tuple[str, str], Migration],
) -> Iterator[tuple[str, Migration]]:
    """Yield the migrations of our rooms by their names."""
    for (app, name), migration in migrations.items():
        if type(migration).__module__.startswith("nsadmin."):
            yield f"{app}.{name}", migration


def main(wanted: Collection[str]) -> int:
    """Return 0 if each may be carried out while the release before runs."""
    from tests import postgres

    if not postgres.is_installed():
        print(f"Migrations were not looked at. {postgres.MISSING}")
        return 0
    with postgres.running_postgresql() as server:
        os.environ["DATABASE_URL"] = server.url.replace("/nsadmin", "/postgres")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nsadmin.settings")
        return 1 if lint(wanted) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
