"""`manage.py demo` as a child, until it says that it is ready."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 300
# Seconds for one answer to a call of a test; a busy machine needs several.
ANSWER_S = 60
OURS = ("NSADMIN_", "DATABASE_URL")  # the demo has servers and rows of its own


class Demo:
    """A running demo: what `demo.json` says now, and its supervisor's process."""

    def __init__(self, data: Path, process: subprocess.Popen[str]) -> None:
        self.data = data
        self.process = process

    @property
    def facts(self) -> dict[str, Any]:
        """`demo.json`, read again: pids change when a process is restarted."""
        facts: dict[str, Any] = json.loads((self.data / "demo.json").read_text())
        return facts

    @property
    def url(self) -> str:
        """Where the pages are."""
        return str(self.facts["url"])

    def namespace(self, name: str) -> dict[str, str]:
        """The namespace of that name as demo.json lists it."""
        return next(n for n in self.facts["namespaces"] if n["namespace_name"] == name)

    @property
    def northlight(self) -> str:
        """The organization that owns the largest namespace."""
        return self.namespace("airfields-of-the-world")["organization_id"]

    def _of(self, listed: list[dict[str, str]], role: str) -> dict[str, str]:
        """One of that role, of the largest namespace's owner if there is one."""
        fitting = [entry for entry in listed if entry["role"] == role]
        here = [e for e in fitting if e["organization_id"] == self.northlight]
        return (here or fitting)[0]

    def login(self, role: str) -> tuple[str, str]:
        """An address and password of that role."""
        found = self._of(self.facts["logins"], role)
        return found["email"], found["password"]

    def key(self, role: str) -> str:
        """An API key of that role."""
        return self._of(self.facts["api_keys"], role)["key"]


@contextmanager
def running(
    data: Path,
    *,
    port: int,
    command: Sequence[str] = (sys.executable, "manage.py"),
    folder: Path = REPOSITORY,
    extra: Mapping[str, str] = MappingProxyType({}),
    options: Sequence[str] = (),
) -> Iterator[Demo]:
    """Start the demo in `data`, yield it when it is ready, end it afterwards.

    `command` is what has the command `demo`, and `folder` where it is started; `extra`
    are further settings, `options` further options.
    """
    log = data / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *command,
                "demo",
                "--data-dir",
                str(data),
                "--port",
                str(port),
                *options,
            ],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith(OURS)}
            | dict(extra),
        )
        try:
            _wait(process, log)
            yield Demo(data, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def restart_web(demo: Demo) -> None:
    """End the web server, which reads its settings when its supervisor starts it again."""
    before = demo.facts["processes"]["web"]
    os.kill(before, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            is_new = demo.facts["processes"].get("web") != before
            if is_new and httpx.get(f"{demo.url}/healthz").is_success:
                return
        time.sleep(0.2)
    raise AssertionError("The web server did not come back.")


def _wait(process: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if "ready http" in log.read_text():
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise AssertionError(f"The demo did not become ready:\n{log.read_text()[-3000:]}")
