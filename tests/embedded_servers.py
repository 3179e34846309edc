"""Real embedded servers for tests, each in a directory and at a port of its own.

They run under the shim of the demo, so a test run that is killed leaves none behind.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nsadmin.embedded.servers import mongodb, qdrant_process, redis
from nsadmin.embedded.supervision import ports
from nsadmin.embedded.supervision.child import SHIM
from nsadmin.embedded.supervision.supervisor import Process


class RunningServer:
    """One server. It keeps its data and its port over `kill` and `restart`."""

    def __init__(self, process: Process, *, url: str, port: int) -> None:
        self.url, self.port = url, port
        self._process = process
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._start()

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """Ask it to end, and wait; harmless when it has ended."""
        self._reap()

    def restart(self) -> None:
        """Start it again on the same data, at the same address."""
        self.stop()
        self._start()

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._log.close()

    def _start(self) -> None:
        for path in self._process.stale:
            path.unlink(missing_ok=True)
        shim = [sys.executable, "-I", "-S", str(SHIM), str(self._process.grace), "0"]
        self._shim = subprocess.Popen(
            [*shim, *self._process.argv],
            env={**os.environ, **self._process.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.pid = int(self._shim.stdout.readline().split()[1])
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        give_up = time.monotonic() + 30
        while not self._process.answers():
            if time.monotonic() > give_up or self._shim.poll() is not None:
                self._log.seek(0)
                raise AssertionError(
                    f"{self._process.name} does not answer:\n"
                    f"{self._log.read().decode(errors='replace')}"
                )
            time.sleep(0.02)

    def _reap(self) -> None:
        with self._shim:  # closes its pipes, and so the lifeline
            pass


@contextmanager
def running(process: Process, *, url: str, port: int) -> Iterator[RunningServer]:
    """Run a server of the demo for as long as the block lasts."""
    server = RunningServer(process, url=url, port=port)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def running_mongodb(data_dir: Path) -> Iterator[RunningServer]:
    """An embedded namespace store; add the name of a database to `url`."""
    port = ports.free_port()
    process = mongodb.process(data_dir, port)
    with running(process, url=mongodb.url(port, ""), port=port) as server:
        yield server


@contextmanager
def running_redis(data_dir: Path) -> Iterator[RunningServer]:
    """An embedded Redis; `url` names database 0."""
    port = ports.free_port()
    with running(redis.process(data_dir, port), url=redis.url(port), port=port) as it:
        yield it


class RunningQdrant(RunningServer):
    """An embedded Qdrant and the key it asks for, if any."""

    api_key: str | None = None


@contextmanager
def running_qdrant(
    data_dir: Path,
    *,
    api_key: str | None = None,
    read_only_key: str | None = None,
    data_key: str | None = None,
    port: int | None = None,
    max_open: int = 64,
    max_body: int | None = None,
) -> Iterator[RunningQdrant]:
    """An embedded Qdrant; without a key it lets everybody in.

    It takes bodies of `max_body` bytes, 32 MiB unless told otherwise. With `data_key`
    points and collections are written, but no snapshot is made or recovered.
    """
    port = port or ports.free_port()
    process = qdrant_process.process(
        data_dir, port, api_key=api_key or "", name="qdrant"
    )
    process = replace(
        process,
        argv=[
            *process.argv,
            *("--max-open", str(max_open)),
            *(() if max_body is None else ("--max-body", str(max_body))),
        ],
        env={
            **process.env,
            "NSADMIN_EMBEDDED_QDRANT_READ_ONLY_API_KEY": read_only_key or "",
            "NSADMIN_EMBEDDED_QDRANT_DATA_API_KEY": data_key or "",
        },
    )
    server = RunningQdrant(process, url=f"http://{ports.HOST}:{port}", port=port)
    server.api_key = api_key
    try:
        yield server
    finally:
        server.close()
