"""Passes on the lines of a program's log while it runs."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

INTERVAL_SECONDS = 0.2


@asynccontextmanager
async def follow(
    log: Path, *, mark: str, tell: Callable[[str], None]
) -> AsyncIterator[None]:
    """Pass each new line of `log` that begins with `mark` to `tell`, without it."""
    with _opened_at_end(log) as file:
        follower = asyncio.create_task(_forever(file.read, mark, tell))
        try:
            yield
        finally:
            await asyncio.sleep(INTERVAL_SECONDS)
            follower.cancel()


def _opened_at_end(log: Path) -> TextIO:
    log.touch()
    file = log.open(errors="replace")
    file.seek(0, os.SEEK_END)
    return file


async def _forever(
    read: Callable[[], str], mark: str, tell: Callable[[str], None]
) -> None:
    rest = ""
    while True:
        *lines, rest = (rest + read()).split("\n")
        for line in lines:
            if line.startswith(mark):
                tell(line.removeprefix(mark))
        await asyncio.sleep(INTERVAL_SECONDS)
