"""What the whole stack costs while nobody uses it: `python -m tests.bench.idle`.

It starts `manage.py demo` in a directory of its own, loads a fleet, waits until the
first comparison is over and writes the first looks at once (`looked.py`), and then adds
up the CPU time of every process and its children, for as long as the longest period of
a frequent schedule, that of the comparison of the mirror. With `--postgresql` the rows are in a PostgreSQL of its own, which
is one of the processes. The figure is the share of one core, so it hardly depends on
what else the machine does; the exit status is 1 if it is not below the limit.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.servers import local
from nsadmin.embedded.servers.environment import environment
from nsadmin.embedded.supervision.ports import free_port
from tests import postgres

LIMIT = 0.05
MANAGE = (sys.executable, "manage.py")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU of each process while `took` seconds went by."""

    spent: Mapping[str, float]
    took: float

    @property
    def share(self) -> float:
        """The share of one core that all had together."""
        return sum(self.spent.values()) / self.took

    def printed(self) -> str:
        """The table by process, the dearest first."""
        lines = [f"{'process':20} {'CPU s':>8} {'core':>7}"]
        for name, seconds in sorted(self.spent.items(), key=lambda pair: -pair[1]):
            lines.append(f"{name:20} {seconds:8.2f} {seconds / self.took:7.2%}")
        total, missed = self.share * self.took, "  MISSED" * (self.share >= LIMIT)
        end = f"{'all':20} {total:8.2f} {self.share:7.2%}  limit {LIMIT:.0%}{missed}"
        return "\n".join([*lines, end])


@dataclass(frozen=True)
class Database:
    """Where the rows are, and the processes of its server, if it has one."""

    url: str
    processes: Mapping[str, int]


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """The file that the demo would use as well."""
    path = quote(str(folder.resolve() / "nsadmin.sqlite3"))
    yield Database(f"sqlite:///{path}", {})


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """An empty database on a server of its own."""
    with postgres.running_postgresql() as server:
        url, _, name = server.url.rpartition("/")
        with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
            made = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            connection.execute(made)
        yield Database(server.url, {"postgresql": server.pid})


@contextmanager
def demo(folder: Path, database: str) -> Iterator[dict[str, Any]]:
    """A running demo; what `demo.json` says of it."""
    env = {**os.environ, "NSADMIN_LOG_LEVEL": "WARNING", "DATABASE_URL": database}
    command = [*MANAGE, "demo", f"--port={free_port()}", f"--data-dir={folder}"]
    with subprocess.Popen(command, env=env) as process:
        try:
            yield _ready(folder, process)
        finally:
            process.send_signal(signal.SIGTERM)


def _ready(folder: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    give_up = time.monotonic() + 600
    while time.monotonic() < give_up and process.poll() is None:
        if (folder / "demo.json").exists():
            said = json.loads((folder / "demo.json").read_bytes())
            return dict(said)
        time.sleep(0.5)
    raise SystemExit("The demo does not start.")


def leave_unseeded(folder: Path, database: str) -> None:
    """Have the demo start without its own data: it takes them for written."""
    stores = ("mongodb", "qdrant", "qdrant_dedicated")
    sources = dict.fromkeys(stores, "embedded") | {"database": database}
    nothing: dict[str, Any] = {"logins": [], "api_keys": [], "namespaces": []}
    DataDirectory(folder).write("seed.json", {"sources": sources, **nothing})


def settings_of(folder: Path, said: Mapping[str, Any]) -> dict[str, str]:
    """The settings of the demo's processes, for one more of them."""
    found = {
        "DATABASE_URL": said["database_url"],
        local.URLS["mongodb"]: said["mongodb_url"],
        local.URLS["redis"]: said["redis_url"],
    }
    clusters = {"qdrant": "shared", "qdrant_dedicated": "dedicated"}
    for name, cluster in clusters.items():
        if there := said["qdrant"][cluster]:
            found[local.URLS[name]] = there["url"]
            found[local.KEYS[name]] = there["api_key"]
    servers = local.Servers(env=found, processes=())
    port = int(said["url"].rpartition(":")[2])
    return environment(DataDirectory(folder), servers, os.environ, port)


def spent(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds of CPU of each process with its children, the ended ones included."""
    parents, seconds = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _status(folder)):
            parents[int(folder.name)] = int(fields[1])
            seconds[int(folder.name)] = sum(map(int, fields[11:15])) / TICKS
    return {name: _of_family(pid, parents, seconds) for name, pid in pids.items()}


def _status(folder: Path) -> list[str]:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return []


def _of_family(
    pid: int, parents: Mapping[int, int], seconds: Mapping[int, float]
) -> float:
    children = [child for child, parent in parents.items() if parent == pid]
    own = seconds.get(pid, 0.0)
    return own + sum(_of_family(child, parents, seconds) for child in children)


def measure(
    folder: Path, database: Database, *, namespaces: int, settle_s: float, for_s: float
) -> Usage:
    """Start the demo on a world of that size and measure it."""
    leave_unseeded(folder, database.url)
    with demo(folder, database.url) as said:
        fleet = ["load_fleet", f"--namespaces={namespaces}", "--without-mirror"]
        looked = ["-m", "tests.bench.looked", f"{namespaces}"]
        env = settings_of(folder, said)
        subprocess.run([*MANAGE, *fleet], env=env, check=True)
        subprocess.run([sys.executable, *looked], env=env, check=True)
        time.sleep(settle_s)
        pids = {**said["processes"], **database.processes}
        before, began = spent(pids), time.monotonic()
        time.sleep(for_s)
        after, took = spent(pids), time.monotonic() - began
        return Usage({name: after[name] - before[name] for name in pids}, took)


def main() -> int:
    """Measure with the arguments and print; return 1 at the limit or above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=100_000)
    parser.add_argument("--settle", type=float, default=90.0)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nsadmin-idle-") as directory:
        folder = Path(directory) / "demo"
        opened = postgresql if given.postgresql else sqlite
        with opened(folder) as database:
            usage = measure(
                folder,
                database,
                namespaces=given.namespaces,
                settle_s=given.settle,
                for_s=given.seconds,
            )
    over = "PostgreSQL" if given.postgresql else "SQLite"
    print(f"\nidle cost at {given.namespaces:,} namespaces over {over}")
    print(usage.printed())
    return int(usage.share >= LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
