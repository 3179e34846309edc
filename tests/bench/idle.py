"""What the whole stack costs while nobody uses it: `python -m tests.bench.idle`.

It starts `manage.py demo` in a directory of its own, loads a fleet, waits until the
first comparisons and samples are over, and then adds up the CPU time of every process
and its children. The figure is the share of one core, so it hardly depends on what else
the machine does.
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
from pathlib import Path
from typing import Any

from nsadmin.embedded.supervision.ports import free_port

LIMIT = 0.05
MANAGE = (sys.executable, "manage.py")
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def demo(folder: Path) -> Iterator[dict[str, Any]]:
    """A running demo; what `demo.json` says, with the supervisor as one more process."""
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
            return dict(said) | {"supervisor": process.pid}
        time.sleep(0.5)
    raise SystemExit("The demo does not start.")


def environment(folder: Path, said: Mapping[str, Any]) -> dict[str, str]:
    """The settings of the demo's processes, for one more of them."""
    keys = json.loads((folder / "secrets.json").read_bytes())
    shared = said["qdrant"]["shared"]
    found = {name: key for name, key in keys.items() if name.startswith("NSADMIN_")}
    found |= {
        "DATABASE_URL": said["database_url"],
        "NSADMIN_MONGODB_URL": said["mongodb_url"],
        "NSADMIN_REDIS_URL": said["redis_url"],
        "NSADMIN_QDRANT_URL": shared["url"],
        "NSADMIN_QDRANT_API_KEY": shared["api_key"],
    }
    if dedicated := said["qdrant"]["dedicated"]:
        found["NSADMIN_DEMO_DEDICATED_URL"] = dedicated["url"]
        found["NSADMIN_DEMO_DEDICATED_API_KEY"] = dedicated["api_key"]
        found["NSADMIN_CLUSTER_HOSTS"] = f"{dedicated['url'].rpartition('/')[2]}=*"
    return {**os.environ, **found}


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
    with demo(folder) as said:
        fleet = ["load_fleet", "--add", f"--namespaces={namespaces}"]
        env = environment(folder, said)
        subprocess.run([*MANAGE, *fleet], env=env, check=True)
        time.sleep(settle_s)
        pids = {**said["processes"]}
        before, began = spent(pids), time.monotonic()
        time.sleep(seconds)
        return printed(before, spent(pids), time.monotonic() - began)


def main() -> None:
    """Measure with the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=100_000)
    parser.add_argument("--settle", type=float, default=90.0)
    parser.add_argument("--seconds", type=float, default=120.0)
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
