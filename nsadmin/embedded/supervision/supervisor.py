"""Keeps processes running until it is stopped."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from nsadmin.embedded.supervision.child import Child
from nsadmin.embedded.supervision.errors import StartError

PAUSES = (0.0, 0.5, 1.0, 2.0, 3.0)
HEALTHY_SECONDS = 30.0
QUICK_DEATH_SECONDS = 10.0
QUICK_DEATHS = 5
LOG_LIMIT = 10 * 1024 * 1024
LOG_TAIL_LINES = 8
LOG_LINE_LIMIT = 400

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A named program to run, and its readiness check."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    # One real exchange in the protocol of the process; None when it has none.
    answers: Callable[[], bool] | None = None
    # Seconds between the request to stop and the kill.
    grace: float = 2.0
    # How far it stands back when others want the processor too, as in nice(1).
    niceness: int = 0
    # Files a dead predecessor leaves that would keep a new one from starting.
    stale: Sequence[Path] = ()


class Supervisor:
    """Starts processes under shims and restarts those that die.

    `changed` is called whenever the table `pids` changed. `failure` is completed with
    a `StartError` when a process proves unable to live before `booted` is set.
    """

    def __init__(
        self,
        *,
        logs: Path,
        env: Mapping[str, str],
        cwd: Path,
        report: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        hold: Sequence[int] = (),
    ) -> None:
        self.pids: dict[str, int] = {}
        self.booted = False
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._logs, self._env, self._cwd, self._hold = logs, env, cwd, hold
        self._report, self._changed = report, changed
        self._stopping = asyncio.Event()
        self._children: dict[str, Child] = {}
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def log_of(self, name: str) -> Path:
        """The path of the named process's log."""
        return self._logs / f"{name}.log"

    def keep(self, process: Process) -> None:
        """Start the process and restart it whenever it ends."""
        self._begin(process, self._keep(process)).add_done_callback(self._judge)

    async def ready(self, process: Process, *, within: float) -> None:
        """Wait until the process answers in its own protocol."""
        deadline = time.monotonic() + within
        while process.answers and not await asyncio.to_thread(process.answers):
            if time.monotonic() > deadline:
                raise StartError(
                    f"{process.name} does not answer after {within:.0f} s"
                    f"{self._tail(process.name)}"
                )
            await asyncio.sleep(0.05)

    async def run(self, process: Process) -> None:
        """Run a process to its end; raise StartError unless it exits with 0."""
        # A waiting caller may be cancelled; `stop` must still find the process.
        code = await asyncio.shield(self._begin(process, self._run(process)))
        if code and not self._stopping.is_set():
            raise StartError(
                f"{process.name} failed ({exit_text(code)}){self._tail(process.name)}"
            )

    async def stop(self, *, last: Iterable[str] = ()) -> None:
        """Stop all processes and wait for their end; those in `last` stop last."""
        self._stopping.set()
        self.failure.cancel()
        await self._stop(self._tasks.keys() - set(last))
        await self._stop(self._tasks.keys())

    async def _stop(self, names: Iterable[str]) -> None:
        children = [self._children[name] for name in names if name in self._children]
        await asyncio.gather(*(child.stop() for child in children))
        tasks = [self._tasks[name] for name in names]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(
        self, process: Process, course: Coroutine[None, None, Result]
    ) -> asyncio.Task[Result]:
        rotate(self.log_of(process.name))
        task = asyncio.create_task(course, name=process.name)
        self._tasks[process.name] = task
        return task

    def _judge(self, keeper: asyncio.Task[None]) -> None:
        """Report a keeper task that failed with an exception."""
        if keeper.cancelled() or self.failure.done():
            return
        if error := keeper.exception():
            self.failure.set_exception(error)

    async def _start(self, process: Process) -> Child:
        for path in process.stale:
            path.unlink(missing_ok=True)
        child = await Child.start(
            process.argv,
            env={**self._env, **process.env},
            log=self.log_of(process.name),
            grace=process.grace,
            niceness=process.niceness,
            cwd=self._cwd,
            hold=self._hold,
        )
        self._children[process.name] = child
        if self._stopping.is_set():
            await child.stop()
        return child

    async def _run(self, process: Process) -> int:
        child = await self._start(process)
        return await child.ended()

    async def _keep(self, process: Process) -> None:
        deaths = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            child = await self._start(process)
            self.pids[process.name] = child.pid
            self._changed()
            code = await child.ended()
            del self.pids[process.name]
            if self._stopping.is_set():
                return
            lived = time.monotonic() - started
            deaths = 1 if lived > HEALTHY_SECONDS else deaths + 1
            if self._hopeless(deaths, lived):
                raise StartError(
                    f"{process.name} ended {deaths} times right after its start "
                    f"({exit_text(code)}){self._tail(process.name)}"
                )
            self._report(f"{process.name} ended ({exit_text(code)}), starting it again")
            await self._pause(PAUSES[min(deaths, len(PAUSES)) - 1])

    def _hopeless(self, deaths: int, lived: float) -> bool:
        """Whether to give up restarting: after quick deaths at boot, later never."""
        quick = deaths >= QUICK_DEATHS and lived < QUICK_DEATH_SECONDS
        return quick and not self.booted

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _tail(self, name: str) -> str:
        log = self.log_of(name)
        lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return f"; the end of {log}:\n" + "\n".join(
            f"    {line[:LOG_LINE_LIMIT]}" for line in lines
        )


def exit_text(code: int) -> str:
    """An exit code as readable text."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def rotate(log: Path) -> None:
    """Rotate a log that is too large; one older part is kept."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    log.touch()
