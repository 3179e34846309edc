"""Work in several threads, while the job's own thread alone touches the database."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Final, TypeVar

from nsadmin.jobs.execution.interrupts import Interrupt, LeaseLost, SliceExpired
from nsadmin.stores.qdrant.bulk import rate_limits
from nsadmin.transfer.session import Session

Result = TypeVar("Result")

_LEAST_WAIT_S: Final = 0.01
# After so long without a checkpoint another worker may soon have the job.
_STANDSTILL_S: Final = 4.0
_SLOWED: Final = "A cluster limits the rate of calls; the copy keeps to its pace."


class Stopped(Exception):
    """Another thread failed, or the job has to stop."""


class Crew:
    """What the threads of one run share.

    `stop` ends each thread after the page that it is at, so that even a slice that is
    shorter than a page comes further; `abort` ends it before anything is written.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.abort = threading.Event()
        self.is_slowed = False
        self.kept_at = time.monotonic()

    def end(self, *, at_once: bool) -> None:
        """Let all threads end."""
        if at_once:
            self.abort.set()
        self.stop.set()

    def pause(self, seconds: float) -> None:
        """Wait, as a cluster's rate limit asks; raise Stopped if all have to end."""
        self.is_slowed = True
        if self.stop.wait(seconds):
            raise Stopped

    def before_writing(self) -> None:
        """Raise Stopped if nothing may be written any more.

        A process that stood still may have lost its job, so its threads wait for the
        next checkpoint, which tells.
        """
        while time.monotonic() - self.kept_at > _STANDSTILL_S:
            if self.stop.wait(_LEAST_WAIT_S):
                break
        if self.abort.is_set():
            raise Stopped

    def after_writing(self) -> None:
        """Raise Stopped if this thread has to end."""
        if self.stop.is_set():
            raise Stopped


Work = Callable[[Crew], None]


def start(pool: ThreadPoolExecutor, call: Callable[[], Result]) -> Future[Result]:
    """Run a call in a thread of the pool, in a copy of the present context."""
    return pool.submit(copy_context().run, call)


def run(session: Session, works: Sequence[Work], keep: Callable[[], None]) -> None:
    """Run each work in its own thread until all have ended.

    `keep` writes a checkpoint; it is called in this thread every `session.every_s`
    seconds and when all have ended, also after a failure. What it or a work raises is
    raised again after every thread has ended.
    """
    if not works:
        return
    crew = Crew()
    try:
        with ThreadPoolExecutor(len(works), "transfer") as pool:
            pending = {start(pool, partial(_guarded, work, crew)) for work in works}
            try:
                _watch(session, crew, pending, keep)
            except BaseException as failure:
                crew.end(at_once=not isinstance(failure, SliceExpired))
                raise
    except LeaseLost:
        raise
    except BaseException:
        # What the threads confirmed before they ended is not to be done again.
        with suppress(Interrupt):
            keep()
        raise


def _watch(
    session: Session, crew: Crew, pending: set[Future[None]], keep: Callable[[], None]
) -> None:
    # The threads wait for a checkpoint that is late, so none may be later by intention.
    every_s = min(max(session.every_s, _LEAST_WAIT_S), _STANDSTILL_S / 2)
    is_told = False
    while pending:
        done, pending = wait(pending, every_s, FIRST_EXCEPTION)
        for ended in done:
            ended.result()
        if crew.is_slowed and not is_told:
            is_told = True
            session.job.record_event(_SLOWED, "warn")
        now = time.monotonic()
        keep()
        crew.kept_at = now


def _guarded(work: Work, crew: Crew) -> None:
    with rate_limits.waited_for(crew.pause):
        work(crew)
