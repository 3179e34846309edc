"""README's production section, followed line by line in one folder, with real processes.

The lines stand in for themselves but for what a person would fill in: the folders, the
password that is asked for, and uv, which installs as pip does and faster. Processes run
as a user without rights, who can write to the state folder and to /tmp only.
"""

import os
import pwd
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from tests.deployment import commands, wheels
from tests.deployment.web import activated
from tests.production_check import ROOT

HOST = "console.example"
PASSWORD = "mara-likes-namespaces"
USER = "nobody"
END_S = 60


def settings(urls: Mapping[str, str]) -> dict[str, str]:
    """What README's table needs, for these stores behind one proxy."""
    return {
        "NSADMIN_SECRET_KEY": secrets.token_urlsafe(60),
        "NSADMIN_KEY_PEPPER": secrets.token_urlsafe(40),
        "NSADMIN_SEAL_KEYS": f"k1:{b64encode(secrets.token_bytes(32)).decode()}",
        "NSADMIN_ALLOWED_HOSTS": HOST,
        "NSADMIN_PROXY_COUNT": "1",
        **urls,
    }


class Installation:
    """nsadmin, installed from its wheel below a folder, and its processes."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.program = folder / "opt" / "nsadmin"
        self.state = folder / "var" / "lib" / "nsadmin"
        self.state.mkdir(parents=True)
        for made in (folder, *self.state.parents, self.state):
            if folder in (made, *made.parents):
                made.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(self.state, *_ids())
        path = f"{self.program / 'bin'}:/usr/bin:/bin"
        self.env = {**env, "PATH": path, "HOME": str(self.state)}
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def install(self, wheel: Path) -> None:
        """Follow the commands that install, as the user of the test."""
        python = str(self.program / "bin" / "python")
        for line in commands.installing():
            match shlex.split(self._here(line)):
                case ["python3", "-m", "venv", place]:
                    wheels.run([wheels.uv(), "venv", "-q", "-p", sys.executable, place])
                case [_, "install", "--require-hashes", "-r", lock]:
                    self._install(python, "--require-hashes", "-r", str(ROOT / lock))
                case [_, "install", "--no-deps", name]:
                    assert Path(name).name == wheel.name
                    self._install(python, "--no-deps", str(wheel))
                case ["export", path]:
                    assert path == f"PATH={self.program}/bin:$PATH"
                case [name, *arguments]:
                    self.run([name, *arguments], as_user=False)

    def prepare(self) -> None:
        """Follow the commands that are run once; a superuser has no terminal here."""
        for line in commands.preparing():
            words = shlex.split(self._here(line))
            if words[1] == "createsuperuser":
                words += ["--noinput", "--email", "root@operations.example"]
            if words[1] == "organization":
                words += ["--password-stdin"]
            self.run(words, typed=PASSWORD)

    def start(self, listener: socket.socket) -> None:
        """Start every process that keeps running; the web server on that socket."""
        self.listener = listener
        for line in sorted(commands.running()):
            self.restart(line)

    def restart(self, line: str) -> None:
        """End the process of a line as systemd does, if there is one; start it again."""
        if line in self.processes:
            self.stop(line)
        words = [*self._as_user(), *shlex.split(self._here(line))]
        if words[-1].isdigit() and "serve" in words:
            started = activated(self.listener, self.env, words, self.state)
        else:
            started = subprocess.Popen(
                words, env=self.env, cwd=self.state, start_new_session=True
            )
        self.processes[line] = started

    def stop(self, line: str) -> int:
        """Ask the process of a line to end; its exit code."""
        process = self.processes.pop(line)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(END_S)
        finally:
            self._end_group(process)

    def kill(self) -> None:
        """End what is left, at the end of the test."""
        for process in self.processes.values():
            self._end_group(process)
            process.wait()

    def run(self, words: list[str], *, as_user: bool = True, typed: str = "") -> str:
        """Run one command to its end; raise AssertionError if it fails."""
        prefix = self._as_user() if as_user else []
        done = subprocess.run(
            [*prefix, *words],
            env={**self.env, "DJANGO_SUPERUSER_PASSWORD": PASSWORD},
            cwd=self.state,
            input=f"{typed}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _install(self, python: str, *what: str) -> None:
        options = ("-q", "--system-certs", "--compile-bytecode", "--python", python)
        wheels.run([wheels.uv(), "pip", "install", *options, *what])

    def _here(self, line: str) -> str:
        for fixed, place in (
            ("/opt/nsadmin", self.program),
            ("/var/lib/nsadmin", self.state),
        ):
            line = line.replace(fixed, str(place))
        return line

    def _as_user(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        uid, gid = _ids()
        return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]

    @staticmethod
    def _end_group(process: "subprocess.Popen[bytes]") -> None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            time.sleep(0)


def _ids() -> tuple[int, int]:
    entry = pwd.getpwnam(USER)
    return entry.pw_uid, entry.pw_gid
