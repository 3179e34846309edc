"""Real processes of `manage.py mirror` that may be killed without notice.

They are forks of a process that has started Django once, so a death costs little. It
reads one order a line, `start` with options as JSON, and writes the fork's number.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import django


class Followers:
    """The forking process, from outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, *options: str) -> int:
        """Start a follower; return its number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(options) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "The forking process has died."
        return int(line)

    def kill(self, pid: int) -> None:
        """End one as a power cut would."""
        os.kill(pid, signal.SIGKILL)


@contextmanager
def running_followers(env: dict[str, str], folder: Path) -> Iterator[Followers]:
    """A forking process with these settings; its forks end with it."""
    with (
        (folder / "followers.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.followers"],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "nsadmin.settings", **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield Followers(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _serve() -> None:
    django.setup()
    from django.core.management import call_command

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    forks: list[int] = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(2, 1)
            call_command("mirror", *json.loads(line))
            os._exit(0)
        forks.append(pid)
        print(pid, flush=True)
    for pid in forks:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    _serve()
