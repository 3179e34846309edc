"""A release that is installed as README says, and its processes.

The lines of README's production section stand in for themselves but for what a person
would fill in: the folders, the password that is asked for, and uv, which installs as pip
does and faster. Processes run as a user without rights, who can write to the state folder
and to /tmp only.
"""

import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.deployment import commands, wheels
from tests.deployment.production import read_only
from tests.deployment.web import activated
from tests.production_check import ROOT

PASSWORD = "mara-likes-namespaces"
STAFF = "root@operations.example"
USER = "nobody"
END_S = 60


@contextmanager
def machine() -> Iterator[Path]:
    """A folder in place of the root: what is installed below it, and its state.

    It is not below /tmp, of which each process may have its own.
    """
    with TemporaryDirectory(prefix="nsadmin-production-", dir="/var/tmp") as named:
        folder = Path(named)
        state = folder / "var" / "lib" / "nsadmin"
        state.mkdir(parents=True)
        for made in (folder, *state.parents, state):
            if folder in (made, *made.parents):
                made.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(state, *user_ids())
        yield folder


class Installation:
    """One release in a folder of `machine`; `files` is the checkout that it is from."""

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        *,
        files: Path = ROOT,
        name: str = "nsadmin",
    ) -> None:
        self.files = files
        self.lines = commands.lines(files)
        self.program = folder / "opt" / name
        self.state = folder / "var" / "lib" / "nsadmin"
        self.place = self.state  # where commands are run
        self.own_url = ""  # the address of a web server that opens its own port
        self._settings = env
        self.use_programs(self.program / "bin")
        self.why_writable = read_only.why_not(self.state)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def use_programs(self, folder: Path) -> None:
        """Find programs in this folder first."""
        self._programs = folder
        self._bare = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(self.state)}
        self._bare["PYTHONDONTWRITEBYTECODE"] = "1"
        self.env = {**self._settings, **self._bare}

    def install(self, wheel: Path | None = None) -> None:
        """Follow the commands that install, as the user of the test."""
        for line in self.lines.installing:
            match shlex.split(self.here(line)):
                case ["python3", "-m", "venv", place]:
                    wheels.run([wheels.uv(), "venv", "-q", "-p", sys.executable, place])
                case [_, "install", "--require-hashes", "-r", lock]:
                    lock = str(self.files / lock)
                    self._install("--require-hashes", "-r", lock)
                case [_, "install", "--no-deps", name]:
                    assert wheel
                    assert Path(name).name == wheel.name
                    self._install("--no-deps", str(wheel))
                case ["export", path]:
                    assert path == f"PATH={self.program}/bin:$PATH"
                case words:
                    _run(words, self._bare, self.place)

    def prepare(self, *, upgrading: bool = False) -> None:
        """Follow the commands that are run once; a superuser has no terminal here.

        With `upgrading`, those that docs/upgrade.md has.
        """
        for line in self.lines.preparing:
            words = shlex.split(self.here(line))
            makes_people = {"createsuperuser", "organization"} & set(words)
            if makes_people and upgrading:
                continue
            if "createsuperuser" in words:
                words += ["--noinput", "--email", STAFF]
            if "organization" in words:
                words += ["--password-stdin"]
            self.run(words, typed=PASSWORD)

    def run(
        self, words: list[str], *, typed: str = "", code: int = 0, **more: str
    ) -> str:
        """Run a command as the user without rights; what it prints.

        `more` are settings for it alone. Raises AssertionError unless it ends with `code`.
        """
        env = {**self.env, **more, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
        return _run([*self._confined(), *words], env, self.place, typed, code)

    def manage(self, *words: str) -> str:
        """Run a command of nsadmin; what it prints."""
        return self.run(["nsadmin", *words])

    def try_to_write(self, place: Path) -> str:
        """What root is told that writes there from where the processes run."""
        here = [] if self.why_writable else read_only.around(self.state)
        made = str(place / "written")
        done = subprocess.run(
            [*here, "sh", "-c", f"touch {made} && rm {made}"],
            cwd=self.place,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr

    def start(self, line: str, listener: socket.socket) -> None:
        """Start the process of a line; the web server on that socket."""
        words = [*self._confined(), *shlex.split(self.here(line))]
        if "serve" in words:
            started = activated(listener, self.env, words, self.place)
        else:
            started = subprocess.Popen(
                words, env=self.env, cwd=self.place, start_new_session=True
            )
        self.processes[line] = started

    def ask_to_end(self, line: str) -> "subprocess.Popen[bytes]":
        """Ask the process of a line to end, as systemd does."""
        process = self.processes.pop(line)
        process.send_signal(signal.SIGTERM)
        return process

    def stop(self, line: str) -> int:
        """End the process of a line; its exit code."""
        return ended(self.ask_to_end(line))

    def kill(self) -> None:
        """End what is left, at the end of the test."""
        for process in self.processes.values():
            _end_group(process)
            process.wait()

    def _install(self, *what: str) -> None:
        python = str(self._programs / "python")
        options = ("-q", "--system-certs", "--compile-bytecode", "--python", python)
        wheels.run([wheels.uv(), "pip", "install", *options, *what])

    def here(self, line: str) -> str:
        """The line of README with the folders of this machine."""
        for fixed, place in (
            ("/opt/nsadmin", self.program),
            ("/var/lib/nsadmin", self.state),
        ):
            line = line.replace(fixed, str(place))
        return line

    def _confined(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        uid, gid = user_ids()
        user = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        return user if self.why_writable else [*read_only.around(self.state), *user]


def ended(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a process that was asked to end; its exit code."""
    try:
        return process.wait(END_S)
    finally:
        _end_group(process)


def _run(
    words: list[str],
    env: Mapping[str, str],
    place: Path,
    typed: str = "",
    code: int = 0,
) -> str:
    done = subprocess.run(
        words,
        env=dict(env),
        cwd=place,
        input=f"{typed}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def user_ids() -> tuple[int, int]:
    """The numbers of the user without rights and of its group."""
    entry = pwd.getpwnam(USER)
    return entry.pw_uid, entry.pw_gid
