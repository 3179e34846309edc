"""Real Celery processes that may be killed without notice.

They are forks of a process that has started Django once, so a death costs little. It
reads Celery's arguments, one JSON list a line, and writes the fork's number.
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

QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


class Workers:
    """The forking process, from outside; `pids` are the workers that live."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._number = 0
        self.pids: list[int] = []

    def start(self) -> int:
        """Start a worker for jobs; return its number."""
        self.pids.append(self.start_queue("jobs", "--pool", "solo"))
        return self.pids[-1]

    def start_sweeping(self) -> None:
        """Start the sweeper's own worker and the clock that rings it."""
        self.start_queue("control", "--pool", "solo")
        self._fork(["beat", "--schedule", str(self._folder / "beat")])

    def start_queue(self, queue: str, *options: str) -> int:
        """Start a worker for one queue, with more of Celery's options; its number."""
        self._number += 1
        name = f"{queue}{self._number}@%h"
        which = ["--queues", queue, "--hostname", name, *options]
        return self._fork(["worker", *QUIET, *which])

    def kill(self, pid: int) -> None:
        """End a worker as a power cut would, and have another one in its place."""
        os.kill(pid, signal.SIGKILL)
        self.pids.remove(pid)
        self.start()

    def _fork(self, arguments: list[str]) -> int:
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "The forking process has died."
        return int(line)


@contextmanager
def running_workers(env: dict[str, str], folder: Path) -> Iterator[Workers]:
    """A forking process with these settings; its forks end with it."""
    with (
        (folder / "workers.log").open("w") as log,
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


def _forked(arguments: list[str], app: Any) -> int:
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)  # so that its own child processes end with it
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        try:
            app.start(arguments)
        finally:
            os._exit(0)
    with suppress(ProcessLookupError):
        os.setpgid(pid, pid)
    return pid


if __name__ == "__main__":
    _serve()
