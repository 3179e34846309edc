"""The life of a supervisor: boot, then nothing but restarts until a signal comes."""

import asyncio
import signal
from collections.abc import Coroutine, Iterable
from typing import Any

from nsadmin.embedded.supervision.supervisor import Supervisor

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run_until_signal(
    supervisor: Supervisor,
    boot: Coroutine[None, None, None],
    *,
    last: Iterable[str] = (),
) -> None:
    """Run `boot`, then wait for a signal; no process is left on return.

    Raises the error of a failed boot. The processes in `last` stop after the rest.
    """
    signalled = asyncio.create_task(_signal())
    booting = asyncio.create_task(boot)
    ends = {signalled, supervisor.failure}
    try:
        waited: set[asyncio.Future[Any]] = {booting, *ends}
        while not (done := await _first(waited)) & ends:
            booting.result()
            waited = {*ends}
        for end in done:
            end.result()
    finally:
        booting.cancel()
        signalled.cancel()
        await supervisor.stop(last=last)


async def _signal() -> None:
    """Return at the first signal that asks to stop; later ones change nothing."""
    received = asyncio.Event()
    for number in SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # nohup: the terminal may go, we stay
        asyncio.get_running_loop().add_signal_handler(number, received.set)
    await received.wait()


async def _first(waited: set[asyncio.Future[Any]]) -> set[asyncio.Future[Any]]:
    done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    return done
