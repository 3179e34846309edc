"""A process that commits changes in forks of its own, so that each may be killed.

It reads one order a line, `{"namespace_id": …, "body": …}`, and writes the fork's
number, then how the fork ended. It starts Django once, so a death costs little.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django


class Killables:
    """The forking process, from outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._pid = 0
        self._is_known = threading.Event()

    def begin(self, namespace_id: str, body: dict[str, Any]) -> None:
        """Have a fork commit the patch; from then on it may be killed."""
        self._is_known.clear()
        order = {"namespace_id": namespace_id, "body": body}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._pid = self._read()
        self._is_known.set()

    def kill(self) -> None:
        """End the fork without notice; another thread may call this early."""
        assert self._is_known.wait(10)
        os.kill(self._pid, signal.SIGKILL)

    def end(self) -> int:
        """Wait for the fork; return its exit code, negative for a signal."""
        return self._read()

    def _read(self) -> int:
        line = self._process.stdout.readline()
        assert line, "The forking process has died."
        return int(line)


@contextmanager
def running_killables(env: dict[str, str]) -> Iterator[Killables]:
    """A forking process with these settings."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.killable"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "nsadmin.settings", **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Killables(process)
        process.stdin.close()


def _serve() -> None:
    django.setup()
    from nsadmin.access.actor import SYSTEM
    from nsadmin.errors import NsadminError
    from nsadmin.namespaces.change import commit
    from nsadmin.namespaces.schema.patch import parse_patch

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            order = json.loads(line)
            try:
                commit.commit(SYSTEM, order["namespace_id"], parse_patch(order["body"]))
            except NsadminError:
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
