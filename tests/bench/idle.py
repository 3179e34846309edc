"""What the whole stack costs while nobody uses it: `python -m tests.bench.idle`.

It starts `manage.py demo` in a directory of its own, loads a fleet, waits until the
first comparison is over, writes the first looks at once (`looked.py`), and then adds up
the CPU time of every process and its children, for as long as the longest period of a
frequent schedule. The figure is the share of one core, so it hardly depends on what
else the machine does.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.servers import local
from nsadmin.embedded.servers.environment import environment
from nsadmin.embedded.supervision.ports import free_port

LIMIT = 0.05
MANAGE = (sys.executable, "manage.py")
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def demo(folder: Path) -> Iterator[dict[str, Any]]:
    """A running demo; what `demo.json` says of it."""
    env = {**os.environ, "NSADMIN_LOG_LEVEL": "WARNING"}
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


def leave_unseeded(folder: Path) -> None:
    """Have the demo start without its own data: it takes them for written."""
    database = f"sqlite:///{quote(str(folder.resolve() / 'nsadmin.sqlite3'))}"
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


def wait_until_mirrored(database: Path, namespaces: int) -> None:
    """Wait until a comparison of the running demo has met all documents."""
    give_up = time.monotonic() + 1200
    with closing(sqlite3.connect(database)) as rows:
        while time.monotonic() < give_up:
            found = rows.execute("SELECT documents FROM namespaces_mirrorfill")
            if max((row[0] for row in found), default=0) >= namespaces:
                return
            time.sleep(2)
    raise SystemExit("The demo does not fill its mirror.")


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


def printed(
    before: Mapping[str, float], after: Mapping[str, float], took: float
) -> str:
    """The table: seconds and share of a core by process, the dearest first."""
    shares = {name: (after[name] - before[name]) / took for name in before}
    lines = [f"{'process':20} {'CPU s':>8} {'core':>7}"]
    for name, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        lines.append(f"{name:20} {share * took:8.2f} {share:7.2%}")
    total = sum(shares.values())
    lines.append(f"{'all':20} {total * took:8.2f} {total:7.2%}  limit {LIMIT:.0%}")
    return "\n".join(lines)


def measure(folder: Path, *, namespaces: int, settle_s: float, seconds: float) -> str:
    """Start the demo on a world of that size and measure it; return the table."""
    leave_unseeded(folder)
    with demo(folder) as said:
        fleet = ["load_fleet", f"--namespaces={namespaces}", "--without-mirror"]
        env = settings_of(folder, said)
        subprocess.run([*MANAGE, *fleet], env=env, check=True)
        wait_until_mirrored(folder / "nsadmin.sqlite3", namespaces)
        subprocess.run(
            [sys.executable, "-m", "tests.bench.looked"], env=env, check=True
        )
        time.sleep(settle_s)
        pids = said["processes"]
        before, began = spent(pids), time.monotonic()
        time.sleep(seconds)
        return printed(before, spent(pids), time.monotonic() - began)


def main() -> None:
    """Measure with the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=100_000)
    parser.add_argument("--settle", type=float, default=90.0)
    parser.add_argument("--seconds", type=float, default=300.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nsadmin-idle-") as folder:
        table = measure(
            Path(folder) / "demo",
            namespaces=given.namespaces,
            settle_s=given.settle,
            seconds=given.seconds,
        )
    print(f"\nidle cost at {given.namespaces:,} namespaces\n{table}")


if __name__ == "__main__":
    main()
