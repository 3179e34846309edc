"""Real Celery processes that may be killed without notice.

They are forks of a process that has started Django once, so a death costs little. It
reads one order a line, `{"arguments": …, "settings": …}` for Celery and for Django, and
writes the fork's number.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import django
from django.conf import settings

_LOG = "workers.log"
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


class Workers:
    """The forking process, from outside; `pids` are the workers that live.

    `sweeping` are the sweeper and the clock; `log` is what all of them have said.
    """

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._number = 0
        self._settings: dict[str, Any] = {}
        self._queues = "jobs"
        self.pids: list[int] = []
        self.sweeping: list[int] = []

    @property
    def log(self) -> str:
        return (self._folder / _LOG).read_text()

    def start(self) -> int:
        """Start a worker for jobs; return its number."""
        self.pids.append(self.start_queue(self._queues, "--pool", "solo"))
        return self.pids[-1]

    def employ(self, number: int, *, queues: str = "jobs", **settings: Any) -> None:
        """Have just so many workers, new ones, with these settings of their own."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self.pids, self._queues, self._settings = [], queues, settings
        for _ in range(number):
            self.start()

    def start_sweeping(self) -> None:
        """Start the sweeper's own worker and the clock that rings it."""
        self.sweeping = [
            self.start_queue("control", "--pool", "solo"),
            self._fork(["beat", "--schedule", str(self._folder / "beat")]),
        ]

    def start_queue(self, queue: str, *options: str) -> int:
        """Start a worker for one queue, with more of Celery's options; its number."""
        self._number += 1
        name = f"{queue.replace(',', '-')}{self._number}@%h"
        which = ["--queues", queue, "--hostname", name, *options]
        return self._fork(["worker", *QUIET, *which])

    def kill(self, pid: int) -> None:
        """End a worker as a power cut would, and have another one in its place."""
        os.kill(pid, signal.SIGKILL)
        self.pids.remove(pid)
        self.start()

    def _fork(self, arguments: list[str]) -> int:
        order = {"arguments": arguments, "settings": self._settings}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "The forking process has died."
        return int(line)


@contextmanager
def running_workers(env: dict[str, str], folder: Path) -> Iterator[Workers]:
    """A forking process with these settings; its forks end with it."""
    with (
        (folder / _LOG).open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.workers"],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "nsadmin.settings", **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield Workers(process, folder)
        finally:
            process.stdin.close()


def _reap(*_: Any) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _serve() -> None:
    django.setup()
    from nsadmin.celery import app

    app.loader.import_default_modules()
    signal.signal(signal.SIGCHLD, _reap)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    forks: list[int] = []
    try:
        for line in sys.stdin:
            forks.append(_forked(json.loads(line), app))
            print(forks[-1], flush=True)
    finally:
        for pid in forks:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def _forked(order: dict[str, Any], app: Any) -> int:
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)  # so that its own child processes end with it
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        try:
            for name, value in order["settings"].items():
                setattr(settings, name, value)
            app.start(order["arguments"])
        finally:
            os._exit(0)
    with suppress(ProcessLookupError):
        os.setpgid(pid, pid)
    return pid


if __name__ == "__main__":
    _serve()
