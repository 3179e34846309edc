"""Run tests over a PostgreSQL of their own: `python -m tests.postgres [for pytest …]`.

Without a file among the arguments it runs those of odd and hostile values, for PostgreSQL
refuses what SQLite stores, such as NUL in a text, NaN in JSON or a text that is too long;
and those of what the two databases are told in different statements. With `--all` it runs
every test.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from nsadmin.embedded.supervision import ports
from nsadmin.embedded.supervision.supervisor import Process
from tests.embedded_servers import RunningServer, running

# What PostgreSQL refuses and SQLite stores.
ODD_VALUES = (
    "tests/hostile/test_odd_documents.py",
    "tests/hostile/test_damaged_documents.py",
    "tests/hostile/test_odd_world.py",
    "tests/health/test_items.py",
    "tests/namespaces/test_fuse.py",
    "tests/namespaces/test_purging.py",
    "tests/namespaces/test_expiry_items.py",
    "tests/namespaces/test_reader.py",
    "tests/namespaces/test_mirror.py",
    "tests/namespaces/test_odd_cluster.py",
    "tests/search/test_find.py",
    "tests/search/test_index.py",
    "tests/jobs/test_items.py",
    "tests/jobs/test_slots.py",
    "tests/jobs/test_sweep.py",
    "tests/jobs/test_runner.py",
    "tests/advice/test_odd_items.py",
)
# What has a statement, a trigger or a lock of its own for each database.
OWN_STATEMENTS = (
    "tests/namespaces/test_list_counters.py",
    "tests/namespaces/test_list_walks.py",
    "tests/namespaces/test_look_writes.py",
    "tests/namespaces/test_saved_views.py",
    "tests/namespaces/test_mirror_comparison.py",
    "tests/namespaces/test_json_text.py",
    "tests/api/test_list_order.py",
    "tests/pages/test_platform_namespaces.py",
    "tests/search/test_fill.py",
    "tests/jobs/test_lease.py",
    "tests/jobs/test_schedules.py",
    "tests/audit/test_keeping.py",
    "tests/access/test_selection.py",
    "tests/access/test_member_states.py",
    "tests/access/test_service_accounts.py",
    "tests/access/test_key_rotation.py",
    "tests/backups/test_backup.py",
)
FILES = (*ODD_VALUES, *OWN_STATEMENTS)
MISSING = (
    "There is no PostgreSQL server on this machine: "
    "apt-get install --no-install-recommends postgresql"
)
ALL = "--all"
USER = "postgres"  # the server refuses to run as root


def _installed() -> list[Path]:
    return [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]


def is_installed() -> bool:
    """Whether Debian's PostgreSQL is on this machine."""
    return bool(_installed())


def programs() -> Path:
    """The folder of the newest PostgreSQL that Debian installed."""
    found = _installed()
    if not found:
        raise SystemExit(MISSING)
    return max(found, key=lambda folder: int(folder.parent.name))


@contextmanager
def running_postgresql() -> Iterator[RunningServer]:
    """A PostgreSQL without tables of ours; the database in `url` need not be there."""
    binaries, port = programs(), ports.free_port()
    with tempfile.TemporaryDirectory(prefix="nsadmin-postgresql-") as folder:
        # It could not come back to a checkout that only root may enter.
        run = ["env", f"--chdir={folder}"]
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
            run += ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        data = f"{folder}/data"
        subprocess.run(
            [
                *(*run, f"{binaries}/initdb", "--pgdata", data, "--username", USER),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        url = f"postgres://{USER}@{ports.HOST}:{port}/nsadmin"
        process = Process(
            name="postgresql",
            argv=[
                *(*run, f"{binaries}/postgres", "-D", data, "-p", str(port)),
                *("-c", f"listen_addresses={ports.HOST}"),
                *("-c", "unix_socket_directories="),
                *("-c", "fsync=off", "-c", "full_page_writes=off"),
            ],
            answers=lambda: answers(port),
            grace=10,
        )
        with running(process, url=url, port=port) as server:
            yield server


def answers(port: int) -> bool:
    """Whether a PostgreSQL on the port lets its first user in."""
    try:
        with psycopg.connect(
            host=ports.HOST, port=port, user=USER, dbname="postgres", connect_timeout=5
        ):
            return True
    except psycopg.OperationalError:
        return False


def main(arguments: Sequence[str]) -> int:
    """Run pytest with the arguments; return its exit code."""
    named = any(Path(word.partition("::")[0]).exists() for word in arguments)
    every = ALL in arguments
    # The server goes as a whole, so its databases need not be dropped one by one.
    given = ["--reuse-db", *(word for word in arguments if word != ALL)]
    with running_postgresql() as server:
        return subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *given),
                *(() if named or every else FILES),
            ],
            check=False,
            env={**os.environ, "DATABASE_URL": server.url},
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
