"""A program that runs under a shim."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SHIM = Path(__file__).with_name("shim.py")


class Child:
    """A running program. `pid` is the program's own, not the shim's."""

    def __init__(self, shim: asyncio.subprocess.Process, pid: int) -> None:
        self._shim = shim
        self.pid = pid
        self._end = asyncio.create_task(self._watch())

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        grace: float,
        niceness: int = 0,
        cwd: Path | None = None,
        hold: Sequence[int] = (),
    ) -> "Child":
        """Start `argv` with its output appended to `log`.

        `hold` are file descriptors that the shim keeps open for as long as anything of
        the program lives: the lock of the data directory.
        """
        with log.open("ab") as output:
            shim = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", str(SHIM), str(grace), str(niceness), *argv),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                env=dict(env),
                cwd=cwd,
                pass_fds=tuple(hold),
                start_new_session=True,  # Ctrl-C is for the supervisor alone
            )
        assert shim.stdout is not None  # noqa: S101 - asked for above
        word, _, number = (await shim.stdout.readline()).decode().partition(" ")
        if word != "pid":
            raise OSError(f"the shim of {argv[0]} did not start, see {log}")
        return cls(shim, int(number))

    async def ended(self) -> int:
        """Wait for the end of the program and its descendants; return its exit code."""
        return await asyncio.shield(self._end)

    async def stop(self) -> int:
        """Ask the program to stop; the shim kills it when its grace is over."""
        assert self._shim.stdin is not None  # noqa: S101 - a pipe since the start
        self._shim.stdin.close()
        return await self.ended()

    async def _watch(self) -> int:
        assert self._shim.stdout is not None  # noqa: S101 - a pipe since the start
        word, _, code = (await self._shim.stdout.read()).decode().partition(" ")
        await self._shim.wait()
        if word == "exit":
            return int(code)
        # The shim was killed: do its work here.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return -int(signal.SIGKILL)
