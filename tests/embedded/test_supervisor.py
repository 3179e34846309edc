"""The supervisor: what dies comes back, and nothing outlives it."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from nsadmin.embedded.supervision.child import SHIM

ROOT = Path(__file__).parents[2]
FAMILY = str(Path(__file__).with_name("family.py"))
Answer = TypeVar("Answer")


class Supervised:
    """A supervisor in a process of its own, and what it keeps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.processes: dict[str, list[str]] = {}

    def add_sleeper(self, name: str) -> None:
        """Keep a program that only sleeps."""
        self.processes[name] = ["sleep", "600"]

    def add_family(self, name: str) -> None:
        """Keep a program with children and a grandchild."""
        self.processes[name] = [sys.executable, FAMILY, str(self.path / "family")]

    def add_shell(self, name: str, script: str) -> None:
        """Keep a shell script."""
        self.processes[name] = ["sh", "-c", script]

    def start(self, **env: str) -> None:
        """Start the supervisor."""
        (self.path / "processes.json").write_text(json.dumps(self.processes))
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.embedded.supervised", str(self.path)],
            cwd=ROOT,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pid(self, name: str, *, other_than: int = 0) -> int:
        """The process id under a name, when it is there and a new one."""

        def found() -> int | None:
            try:
                pid = json.loads((self.path / "pids.json").read_text()).get(name)
            except FileNotFoundError:
                return None
            return pid if pid != other_than else None

        return wait_for(found)

    def family(self, *, other_than: int = 0) -> list[int]:
        """The process ids of a family, the head of it first."""

        def found() -> list[int] | None:
            try:
                pids = json.loads((self.path / "family").read_text())
            except FileNotFoundError:
                return None
            return pids if pids[0] != other_than else None

        return wait_for(found)

    def end(self) -> tuple[str, str]:
        """Wait for the end of the supervisor; what it printed."""
        return self.popen.communicate(timeout=10)


def wait_for(found: Callable[[], Answer | None], within: float = 10) -> Answer:
    """Ask until there is an answer."""
    give_up = time.monotonic() + within
    while (answer := found()) is None or answer is False:
        assert time.monotonic() < give_up, "waited too long"
        time.sleep(0.02)
    return answer


def lives(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(") ")[2][0] not in "ZX"


def wait_for_death(*pids: int, within: float = 5) -> None:
    """Wait until none of the processes runs."""
    wait_for(lambda: not any(map(lives, pids)), within)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    it = Supervised(tmp_path)
    yield it
    if it.popen.poll() is None:
        it.popen.terminate()
    it.end()


def test_a_killed_process_is_started_again_and_its_new_pid_is_told(
    supervised: Supervised,
) -> None:
    supervised.add_sleeper("one")
    supervised.add_sleeper("two")
    supervised.start()
    one, two = supervised.pid("one"), supervised.pid("two")

    os.kill(one, signal.SIGKILL)
    again = supervised.pid("one", other_than=one)

    assert lives(again)
    assert not lives(one)
    assert supervised.pid("two") == two
    supervised.popen.terminate()
    assert "one ended (signal 9), starting it again" in supervised.end()[0]


def test_a_process_killed_again_and_again_comes_back_each_time_within_seconds(
    supervised: Supervised,
) -> None:
    supervised.add_sleeper("one")
    supervised.start()
    pid = supervised.pid("one")
    for _ in range(3):
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        pid = supervised.pid("one", other_than=pid)
        assert time.monotonic() - killed < 4
        assert lives(pid)


def test_the_listed_pid_is_the_program_and_its_death_takes_the_family_along(
    supervised: Supervised,
) -> None:
    supervised.add_family("web")
    supervised.start()
    family = supervised.family()
    assert supervised.pid("web") == family[0]
    assert len(family) == 4
    assert all(map(lives, family))

    os.kill(family[0], signal.SIGKILL)
    new = supervised.family(other_than=family[0])

    assert not any(map(lives, family)), "the old workers would hold the port"
    assert supervised.pid("web", other_than=family[0]) == new[0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_supervisor(
    supervised: Supervised, number: signal.Signals
) -> None:
    supervised.add_family("web")
    supervised.add_sleeper("worker")
    supervised.start()
    pids = [*supervised.family(), supervised.pid("worker")]
    shims = children(supervised.popen.pid)
    assert len(shims) == 2

    supervised.popen.send_signal(number)
    _, errors = supervised.end()

    wait_for_death(*pids, *shims)
    assert errors == ""
    assert supervised.popen.returncode == (-9 if number == signal.SIGKILL else 0)


def test_the_death_of_a_shim_is_the_death_of_its_program_and_both_return(
    supervised: Supervised,
) -> None:
    supervised.add_family("web")
    supervised.start()
    *group, loner = supervised.family()
    (shim,) = children(supervised.popen.pid)

    os.kill(shim, signal.SIGKILL)

    assert lives(supervised.pid("web", other_than=group[0]))
    wait_for_death(*group, shim)
    os.kill(loner, signal.SIGKILL)  # it left the group, and its shim is dead


def test_a_program_that_ignores_the_request_to_stop_is_killed_after_its_grace(
    supervised: Supervised,
) -> None:
    mark = supervised.path / "mark"
    supervised.add_shell("deaf", f"trap '' TERM; touch {mark}; sleep 600 & wait; wait")
    supervised.start()
    pid = supervised.pid("deaf")
    wait_for(mark.exists)

    asked = time.monotonic()
    supervised.popen.terminate()
    supervised.end()

    assert 0.4 < time.monotonic() - asked < 3
    assert not lives(pid)


def test_a_program_may_finish_what_it_does_when_asked_to_stop(
    supervised: Supervised,
) -> None:
    mark = supervised.path / "mark"
    script = f"trap 'echo done > {mark}; exit' TERM; touch {mark}; sleep 600 & wait"
    supervised.add_shell("polite", script)
    supervised.start()
    wait_for(mark.exists)

    supervised.popen.terminate()
    supervised.end()

    assert mark.read_text() == "done\n"


def test_what_cannot_live_at_boot_ends_the_start_with_its_last_words(
    supervised: Supervised,
) -> None:
    supervised.add_sleeper("fine")
    supervised.add_shell("broken", "echo no such setting >&2; exit 3")
    supervised.start(BOOT_SECONDS="60")

    _, errors = supervised.end()
    sentence = json.loads(errors)

    assert supervised.popen.returncode == 1
    assert sentence.startswith("broken ended 5 times right after its start (exit code")
    assert sentence.endswith("    no such setting")
    wait_for_death(supervised.pid("fine"))


def test_a_step_of_the_boot_that_fails_ends_the_start_with_its_last_words(
    supervised: Supervised,
) -> None:
    supervised.add_shell("once-migrate", "echo table is broken; exit 1")
    supervised.start()

    _, errors = supervised.end()

    assert "once-migrate failed (exit code 1)" in json.loads(errors)
    assert "table is broken" in json.loads(errors)


def test_a_step_of_the_boot_dies_with_the_supervisor(supervised: Supervised) -> None:
    mark = supervised.path / "mark"
    supervised.add_shell("once-migrate", f"echo $$ > {mark}; exec sleep 600")
    supervised.start()
    pid = int(wait_for(lambda: mark.exists() and mark.read_text()))

    supervised.popen.terminate()
    supervised.end()

    wait_for_death(pid)
    assert supervised.popen.returncode == 0


def test_a_start_right_after_kill_9_waits_until_the_old_processes_are_gone(
    supervised: Supervised,
) -> None:
    supervised.add_shell("deaf", "trap '' TERM; sleep 600 & wait; wait")
    supervised.start()
    old = supervised.pid("deaf")
    supervised.popen.kill()
    supervised.popen.wait()
    supervised.end()

    supervised.start()
    new = supervised.pid("deaf", other_than=old)

    assert not lives(old)
    assert lives(new)


def test_a_second_supervisor_of_the_same_directory_says_so_and_disturbs_nothing(
    supervised: Supervised,
) -> None:
    supervised.add_sleeper("one")
    supervised.start()
    pid = supervised.pid("one")
    second = Supervised(supervised.path)
    second.processes = supervised.processes

    second.start()
    _, errors = second.end()

    assert second.popen.returncode == 1
    assert json.loads(errors) == (
        f"A demo already runs in {supervised.path}, but is not ready yet (process "
        f"{supervised.popen.pid}): stop it, or choose another directory with "
        "--data-dir and another port with --port."
    )
    assert lives(pid)
    assert supervised.pid("one") == pid


def test_what_programs_print_is_kept_in_a_log_by_name(supervised: Supervised) -> None:
    supervised.add_shell("chatty", "echo out; echo err >&2; exec sleep 600")
    supervised.start()
    log = supervised.path / "logs" / "chatty.log"

    assert wait_for(lambda: log.exists() and log.read_text() == "out\nerr\n")
    pids = supervised.path / "pids.json"
    assert wait_for(pids.exists)
    mode = pids.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_process_may_give_way_to_the_others() -> None:
    lifeline, held = os.pipe()
    told = subprocess.run(
        [sys.executable, "-I", "-S", str(SHIM), "1", "5", "cat", "/proc/self/stat"],
        stdin=lifeline,
        capture_output=True,
        text=True,
        check=True,
    )
    os.close(lifeline)
    os.close(held)
    niceness = told.stderr.rpartition(") ")[2].split()[16]
    assert int(niceness) == os.nice(0) + 5
    assert told.stdout.endswith("exit 0\n")


def children(pid: int) -> list[int]:
    """The children of a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] not in "ZX":
            found.append(int(path.parent.name))
    return found
