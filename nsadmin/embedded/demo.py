"""The demo, from nothing to served pages, and its end.

The order: check that no demo runs in the data directory, check the port and the
machine, lock the directory, start the servers while the database is migrated, seed once
while static files are collected, then start nsadmin itself and restart processes that
die until a signal comes.
"""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nsadmin.embedded.datadir import DataDirectory, refuse_second
from nsadmin.embedded.preparation import Preparation
from nsadmin.embedded.seeding import seed_once, set_apps
from nsadmin.embedded.servers import local
from nsadmin.embedded.servers.environment import environment
from nsadmin.embedded.summary import summary, table
from nsadmin.embedded.supervision import processes
from nsadmin.embedded.supervision.lifecycle import run_until_signal
from nsadmin.embedded.supervision.ports import HOST, check_web_port
from nsadmin.embedded.supervision.supervisor import Process, Supervisor

SERVER_SECONDS = 45.0
WEB_SECONDS = 60.0


class Demo:
    """One run of the demo on one data directory."""

    def __init__(
        self, *, port: int, data: Path, say: Callable[[str], None], mfa: bool = False
    ) -> None:
        refuse_second(data)  # which has the port as well, most likely
        check_web_port(port)
        self._mfa = mfa
        self.url = f"http://{HOST}:{port}"
        self._say = say
        self._started = time.monotonic()
        self._directory = DataDirectory(data)
        self._lock = self._directory.lock()
        self._servers = local.plan(self._directory, os.environ)
        self._environment = environment(
            self._directory, self._servers, os.environ, port
        )
        self._web = processes.web(port)
        self._seed: dict[str, Any] = {}

    async def run(self) -> None:
        """Run until a signal comes; no process is left on return."""
        # Until the demo is ready again, the old summary names dead processes.
        (self._directory.path / "demo.json").unlink(missing_ok=True)
        self._supervisor = self._make_supervisor()
        stores = [process.name for process in self._servers.processes]
        try:
            await run_until_signal(self._supervisor, self._boot(), last=stores)
            self._progress("stopped")
        finally:
            self._write_summary()

    async def _boot(self) -> None:
        for process in self._servers.processes:
            self._supervisor.keep(process)
        preparation = Preparation(self._directory, self._supervisor, self._progress)
        _, self._seed = await asyncio.gather(
            preparation.static_files(), self._seeded(preparation)
        )
        preparation.done()
        for process in (
            self._web,
            *processes.workers(),
            processes.control(),
            processes.mirror(),
            processes.beat(self._directory.path),
        ):
            self._supervisor.keep(process)
        await asyncio.gather(
            self._supervisor.ready(self._web, within=WEB_SECONDS),
            self._supervisor.run(processes.command("refresh_demo")),
        )
        self._supervisor.booted = True
        self._write_summary()
        self._say_ready()

    async def _seeded(self, preparation: Preparation) -> dict[str, Any]:
        """Wait for the servers and the database, then seed."""
        await asyncio.gather(
            *(self._server_up(process) for process in self._servers.processes),
            preparation.database(own=not os.environ.get("DATABASE_URL")),
        )
        seed = await seed_once(
            self._directory, self._servers, self._supervisor, self._progress
        )
        return await set_apps(self._directory, self._supervisor, seed, on=self._mfa)

    async def _server_up(self, process: Process) -> None:
        await self._supervisor.ready(process, within=SERVER_SECONDS)
        self._progress(f"{process.name} is up")

    def _how_to_sign_in(self) -> str:
        if "NSADMIN_DEMO_LOGINS" not in self._environment:
            return f"Open {self.url} and sign in as one of these:"
        code = ", and a code of its app" if self._mfa else ""
        return f"Open {self.url} and sign in as one of these by one click{code}:"

    def _make_supervisor(self) -> Supervisor:
        return Supervisor(
            logs=self._directory.logs,
            env=self._environment,
            cwd=processes.ROOT,
            report=self._progress,
            changed=self._write_summary,
            hold=[self._lock],
        )

    def _write_summary(self) -> None:
        """Write `demo.json`, read by other programs, once the demo is ready."""
        if self._supervisor.booted:
            pids = self._supervisor.pids
            mails = self._directory.mails
            content = summary(self.url, self._servers, self._seed, pids, mails)
            self._directory.write("demo.json", content)

    def _progress(self, sentence: str) -> None:
        self._say(f"{time.monotonic() - self._started:6.1f} s  {sentence}")

    def _say_ready(self) -> None:
        self._say(f"ready {self.url}")
        self._say("")
        self._say(self._how_to_sign_in())
        self._say("")
        for line in table(self._seed["logins"]):
            self._say(line)
        self._say("")
        if os.environ.get("NSADMIN_MAIL_BACKEND", "file") == "file":
            self._say(f"Mails are files in {self._directory.mails}")
        self._say(f"More in {self._directory.path / 'demo.json'}; Ctrl-C stops it all.")
