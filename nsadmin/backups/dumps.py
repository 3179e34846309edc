"""The whole SQL database as one file, and back: SQLite and PostgreSQL.

A dump is consistent while others write. A restore fills an empty database, or leaves it
empty.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from django.db import connection

from nsadmin.errors import Conflict, Unavailable

_TABLE: Final = "django_migrations"
# What every dump and restore leaves out: rights and comments need an owner's role.
_COMMON = ("--no-owner", "--no-privileges", "--no-comments")


def vendor() -> str:
    """Return the kind of the database: sqlite or postgresql."""
    return connection.vendor


def is_empty() -> bool:
    """Tell whether no migration was ever carried out in the database."""
    return _TABLE not in connection.introspection.table_names()


def dump(path: Path) -> None:
    """Write the database to a new file, readable by its owner alone.

    Raises Unavailable if the database or its program does not answer.
    """
    path.touch(mode=0o600, exist_ok=False)
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        _copy_sqlite(connection.connection, path, out=True)
    else:
        _run("pg_dump", "--format=custom", *_COMMON, "--file", str(path))


def restore(path: Path) -> None:
    """Fill the empty database from a dump of the same kind of database.

    Raises Conflict if there are tables already, Unavailable if it does not succeed.
    """
    file = Path(str(connection.settings_dict["NAME"]))
    is_new = connection.vendor == "sqlite" and not file.exists()
    if not is_empty():
        raise Conflict(
            "The database has tables already. A backup is restored into an empty one."
        )
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        if is_new and file.exists():
            file.chmod(0o600)  # as the backup
        _copy_sqlite(connection.connection, path, out=False)
    else:
        options = ("--exit-on-error", "--single-transaction", *_COMMON)
        _run("pg_restore", *options, str(path))


def _copy_sqlite(database: Any, path: Path, *, out: bool) -> None:
    sqlite: Any = connection.Database  # type: ignore[attr-defined]
    file = sqlite.connect(path)
    try:
        source, target = (database, file) if out else (file, database)
        source.backup(target)
        if target.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise Unavailable("The copy of the database is damaged.")
    except sqlite.Error as error:
        raise Unavailable(f"The database could not be copied: {error}.") from None
    finally:
        file.close()


def _run(program: str, *options: str) -> None:
    """Run a program of PostgreSQL against our database.

    The password is in a file that only this user reads, not among the arguments, which
    every user of the machine sees.
    """
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import Conninfo

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    given = connection.get_connection_params()
    parameters = {name: given[name] for name in known & set(given)}
    password = parameters.pop("password", "")
    with tempfile.NamedTemporaryFile("w", prefix="nsadmin-") as secret:
        if password:
            secret.write(f"*:*:*:*:{_escaped(password)}\n")
            secret.flush()
            parameters["passfile"] = secret.name
        address = make_conninfo("", **parameters)
        try:
            done = subprocess.run(  # noqa: S603 - the program is one of two
                [program, *options, f"--dbname={address}"],
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise Unavailable(
                f"There is no {program} on this machine; it comes with PostgreSQL."
            ) from None
    if done.returncode:
        raise Unavailable(f"{program} failed: {done.stderr.strip()[-500:]}")


def _escaped(password: str) -> str:
    return password.replace("\\", "\\\\").replace(":", "\\:")
