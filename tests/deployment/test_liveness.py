"""`nsadmin alive`: a process that hangs is found; one that is idle or waits is not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import pytest

from tests.embedded_servers import RunningServer, running_redis
from tests.faults import database
from tests.production_check import ROOT, SETTINGS, environment

pytestmark = pytest.mark.django_db
COMMANDS = {
    "threads": ("worker", "notifications"),
    "processes": ("worker", "jobs", "--concurrency", "1"),
    "beat": ("beat", "--schedule", "{folder}/schedule"),
    "mirror": ("mirror",),
}
HOUR_S = 3600


def nsadmin(
    *arguments: str, env: dict[str, str], errors: int | TextIO = subprocess.PIPE
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "nsadmin", *arguments],
        cwd=ROOT,
        env={**environment(), **SETTINGS, **env},
        stderr=errors,
        start_new_session=True,
        text=True,
    )


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@dataclass(frozen=True)
class Running:
    """A process with a heartbeat of its own, as in a container."""

    process: "subprocess.Popen[str]"
    env: dict[str, str]

    @property
    def heartbeat(self) -> Path:
        return Path(self.env["NSADMIN_HEARTBEAT_FILE"])

    def is_renewed(self) -> bool:
        """Whether the heartbeat is younger than the one that `silence` leaves."""
        assert self.process.poll() is None
        file = self.heartbeat
        return file.exists() and time.time() - file.stat().st_mtime < HOUR_S

    def silence(self) -> None:
        """Have the last heartbeat be long ago."""
        at = time.time() - 2 * HOUR_S
        os.utime(self.heartbeat, (at, at))


@contextmanager
def running(command: tuple[str, ...], folder: Path, env: dict[str, str]):
    folder.mkdir()
    own = {**env, "NSADMIN_HEARTBEAT_FILE": str(folder / "made" / "heartbeat")}
    words = [word.format(folder=folder) for word in command]
    with (folder / "log").open("w") as log:
        process = nsadmin(*words, env=own, errors=log)
        try:
            yield Running(process, own)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass(frozen=True)
class Machine:
    """The background processes by name, and the Redis that they share."""

    processes: dict[str, Running]
    redis: RunningServer

    def alive(self) -> dict[str, str]:
        """{process: why it has to be restarted} of those that have to."""
        asked = {n: nsadmin("alive", env=p.env) for n, p in self.processes.items()}
        said = {name: probe.communicate()[1] for name, probe in asked.items()}
        assert {probe.returncode for probe in asked.values()} <= {0, 1}
        return {name: said[name] for name, probe in asked.items() if probe.returncode}

    def renewed(self) -> bool:
        return all(process.is_renewed() for process in self.processes.values())


@pytest.fixture(scope="module")
def machine(servers, empty_rows, django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("machine")
    (folder / "redis").mkdir()
    mongodb = urlsplit(servers.mongodb_url)
    with (
        running_redis(folder / "redis") as redis,
        django_db_blocker.unblock(),
        database.copy(empty_rows) as rows,
        ExitStack() as stack,
    ):
        env = {
            "NSADMIN_REDIS_URL": redis.url,
            "NSADMIN_MONGODB_URL": mongodb._replace(path="/none").geturl(),
            "DATABASE_URL": rows.url,
        }
        processes = {
            name: stack.enter_context(running(command, folder / name, env))
            for name, command in COMMANDS.items()
        }
        made = Machine(processes, redis)
        until(made.renewed)
        yield made


@contextmanager
def hanging(machine: Machine) -> Iterator[None]:
    """Every process stands still, for long already."""
    for running in machine.processes.values():
        running.process.send_signal(signal.SIGSTOP)
        running.silence()
    yield
    for running in machine.processes.values():
        running.process.send_signal(signal.SIGCONT)


@contextmanager
def without_redis(machine: Machine) -> Iterator[None]:
    machine.redis.kill()
    try:
        yield
    finally:
        machine.redis.restart()


def test_what_hangs_is_told_unless_a_store_is_away(machine: Machine) -> None:
    with hanging(machine):
        said = machine.alive()
        with without_redis(machine):
            assert machine.alive() == {}
    assert set(said) == set(COMMANDS)
    for name, sentence in said.items():
        file = machine.processes[name].heartbeat
        assert sentence.startswith(f"nsadmin alive: {file} was not renewed for ")
    # Those that go on are idle, and alive.
    until(machine.renewed)
    assert machine.alive() == {}


@pytest.mark.faults
def test_what_waited_for_a_store_goes_on(machine: Machine) -> None:
    """A worker waits for Redis within its main loop."""
    with without_redis(machine):
        for running in machine.processes.values():
            running.silence()
        assert machine.alive() == {}
    until(machine.renewed)


def test_a_process_that_never_began_is_told_once_the_stores_answer(
    machine: Machine, tmp_path: Path
) -> None:
    env = {
        **machine.processes["beat"].env,
        "NSADMIN_HEARTBEAT_FILE": str(tmp_path / "a"),
    }
    assert "was not renewed" in nsadmin("alive", env=env).communicate()[1]


def test_without_the_setting_it_says_so() -> None:
    probe = nsadmin("alive", env={})
    assert "NSADMIN_HEARTBEAT_FILE is not set" in probe.communicate()[1]
    assert probe.returncode == 1
