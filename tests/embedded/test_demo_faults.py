"""The whole demo, started for real, and everything in it killed.

It takes more than a minute, so `make faults` runs it. NSADMIN_FAULTS_PORT is its port.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from nsadmin.embedded.servers import mongodb, redis
from nsadmin.embedded.supervision.readiness import answers_ok
from tests.browser.running_demo import OURS
from tests.faults.plant import SLOWNESS

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
PORT = int(os.environ.get("NSADMIN_FAULTS_PORT", "8719"))


class RunningDemo:
    """One `manage.py demo`, and what it wrote."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.printed = data.with_name("demo.out")

    def start(self, within: float) -> float:
        """Start it; the seconds until it was ready."""
        began = time.monotonic()
        arguments = ["demo", f"--port={PORT}", f"--data-dir={self.data}"]
        # Settings of the test run, or of this machine, must not reach it.
        env = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        with self.printed.open("w") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: f"\nready http://127.0.0.1:{PORT}\n" in self.output(), within)
        return time.monotonic() - began

    def output(self) -> str:
        """What it has printed; fails when it has ended."""
        printed = self.printed.read_text()
        assert self.popen.poll() is None, printed
        return printed

    def told(self) -> dict[str, Any]:
        """The content of `demo.json`."""
        return json.loads((self.data / "demo.json").read_text())

    def kill(self, name: str) -> float:
        """Kill a process; the seconds until its successor was listed."""
        old = self.told()["processes"][name]
        os.kill(old, signal.SIGKILL)
        killed = time.monotonic()
        wait_for(lambda: self.told()["processes"].get(name) not in {None, old}, 10)
        return time.monotonic() - killed

    def members(self) -> list[int]:
        """Every living process whose environment or arguments name the data."""
        mark = str(self.data).encode()
        return [pid for pid in all_pids() if pid != os.getpid() and mark in seen(pid)]


def all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def seen(pid: int) -> bytes:
    """Environment and arguments of a process; empty for a zombie or a dead one."""
    try:
        folder = Path(f"/proc/{pid}")
        return (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def wait_for(found: Callable[[], bool], within: float) -> None:
    """Ask until it is so."""
    give_up = time.monotonic() + within
    while not found():
        assert time.monotonic() < give_up, f"not within {within} s"
        time.sleep(0.05)


def status(path: str) -> int:
    """The status with which the web server answers, 0 when it does not."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    it = RunningDemo(tmp_path_factory.mktemp("demo") / "data")
    try:
        print(f"first start {it.start(within=60 * SLOWNESS):.1f} s")
        yield it
    finally:
        it.popen.terminate()
        it.popen.wait(timeout=20)


def test_it_tells_where_everything_is(demo: RunningDemo) -> None:
    told = demo.told()

    assert stat.S_IMODE((demo.data / "demo.json").stat().st_mode) == 0o600
    assert told["url"] == f"http://127.0.0.1:{PORT}"
    assert told["processes"].keys() >= {
        *("web", "jobs", "jobs_2", "beat", "control", "sampling", "mirror"),
        *("maintenance", "clusters", "transfers", "notifications"),
        *("mongodb", "redis", "qdrant", "qdrant_dedicated"),
    }
    for pid in told["processes"].values():
        assert seen(pid)
    for list_of, keys in {
        "logins": {"email", "password", "role", "organization_id"},
        "api_keys": {"key", "role", "organization_id"},
        "namespaces": {"namespace_id", "namespace_name", "organization_id", "scope"},
    }.items():
        assert told[list_of]
        for entry in told[list_of]:
            assert keys <= entry.keys()
    for login in told["logins"]:
        assert login["email"] in demo.output()
    assert status("/readyz") == status("/healthz") == 200


@pytest.mark.parametrize(
    "name",
    [
        *("jobs", "qdrant", "mongodb", "redis", "web", "mirror", "qdrant_dedicated"),
        *("beat", "control", "sampling", "maintenance"),
        *("clusters", "transfers", "notifications"),
    ],
)
def test_a_killed_process_is_back_and_everything_works(
    demo: RunningDemo, name: str
) -> None:
    killed = time.monotonic()
    demo.kill(name)
    told = demo.told()
    answers: dict[str, Callable[[], bool]] = {
        "qdrant": lambda: _qdrant_is_up(told, "shared"),
        "qdrant_dedicated": lambda: _qdrant_is_up(told, "dedicated"),
        "mongodb": lambda: mongodb.answers(port_of(told["mongodb_url"])),
        "redis": lambda: redis.answers(port_of(told["redis_url"])),
    }
    wait_for(answers.get(name, lambda: True), 10)
    wait_for(lambda: status("/readyz") == 200, 10 * SLOWNESS)
    seconds = time.monotonic() - killed
    print(f"{name} back after {seconds:.1f} s")
    assert seconds < 10 * SLOWNESS


def _qdrant_is_up(told: dict[str, Any], which: str) -> bool:
    return answers_ok("127.0.0.1", port_of(told["qdrant"][which]["url"]), "/readyz")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_and_a_second_start_is_quick_and_knows_everything(
    demo: RunningDemo, number: signal.Signals
) -> None:
    before = demo.told()
    assert len(demo.members()) > 15

    demo.popen.send_signal(number)
    demo.popen.wait(timeout=20)
    sent = time.monotonic()
    wait_for(lambda: not demo.members(), 5)
    print(f"{number.name}: all gone after {time.monotonic() - sent:.1f} s")

    seconds = demo.start(within=30 * SLOWNESS)
    print(f"second start {seconds:.1f} s")
    after = demo.told()
    assert after.pop("processes") != before.pop("processes")
    assert after == before
    assert seconds < 15 * SLOWNESS
