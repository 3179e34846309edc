"""One run of a schedule at a time, on however many machines.

A run holds a lease, one row in SQL for each schedule, and renews it while it lives. A
start that finds the lease held is skipped and counted. After the death of its worker a
lease ends within seconds. A run that hangs is renewed no longer than the hard limit of
its task, at which a worker with child processes has killed it. A thread cannot be
killed: it is reported before the next run begins beside it.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    connections,
    transaction,
)
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from nsadmin import meters
from nsadmin.jobs.models import ScheduleLease

log = structlog.get_logger(__name__)

# Several renewals fit into a lease, so that one may fail.
LEASE = timedelta(seconds=15)
RENEW_S = 3.0


@dataclass(frozen=True, slots=True)
class Flight:
    """The lease of a run; `lost` is set once another run may have it.

    `over` is set once the run has given it back, or has died. The run may go on until
    `ends_at` (a monotonic time).
    """

    name: str
    owner: str
    ends_at: float
    lost: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def renew(self) -> bool:
        """Renew the lease; False if it is lost, or the run is past its hard limit."""
        until = timezone.now() + LEASE
        if not self.hangs and self._own().update(until=until):
            return True
        self.lose()
        return False

    @property
    def hangs(self) -> bool:
        """Whether the run is past its hard limit."""
        return time.monotonic() >= self.ends_at

    def lose(self) -> None:
        """Say that another run may have the lease, unless this one is over already."""
        if not self.lost.is_set() and not self.over.is_set():
            meters.count_lost_lease("schedule")
        self.lost.set()

    def end(self) -> int:
        """Give the lease back; return the number of starts that were skipped."""
        self.over.set()
        free: dict[str, Any] = {"owner": "", "until": None}
        if self._own().filter(skipped=0).update(**free):
            return 0
        skipped = self._own().values_list("skipped", flat=True).first() or 0
        self._own().update(**free)
        return skipped

    def _own(self) -> QuerySet[ScheduleLease]:
        return ScheduleLease.objects.filter(name=self.name, owner=self.owner)


@contextmanager
def flight(
    name: str, *, longest_s: float, report: Callable[[], None] = lambda: None
) -> Iterator[Flight | None]:
    """Hold the lease of a schedule while the block runs; None if another run has it.

    It is renewed for no more than `longest_s` seconds, the hard limit of the task; a
    run that goes on is reported once, while the lease still keeps the next one away.
    The block may end it earlier, in one transaction with what the run leaves.
    """
    mine = Flight(name, uuid.uuid4().hex, time.monotonic() + longest_s)
    if not _take(mine):
        yield None
        return
    thread = threading.Thread(
        target=_renew, args=(mine, report), name=f"lease of {name}", daemon=True
    )
    thread.start()
    is_ended = False
    try:
        yield mine
        is_ended = mine.over.is_set()
    finally:
        mine.over.set()
        thread.join(timeout=10)
        if not is_ended:
            mine.end()


def record_skip(name: str) -> None:
    """Count a start that was skipped because a run was going on."""
    ScheduleLease.objects.filter(name=name).update(
        skipped=F("skipped") + 1, skipped_at=timezone.now()
    )


def running(now: datetime) -> dict[str, ScheduleLease]:
    """Return the leases of the runs that are going on, by the name of the schedule."""
    return {row.name: row for row in ScheduleLease.objects.filter(until__gt=now)}


def _take(mine: Flight) -> bool:
    now = timezone.now()
    values = {"owner": mine.owner, "since": now, "until": now + LEASE, "skipped": 0}
    free = Q(until=None) | Q(until__lte=now)
    if ScheduleLease.objects.filter(free, name=mine.name).update(**values):
        return True
    if ScheduleLease.objects.filter(name=mine.name).exists():
        return False
    try:
        with transaction.atomic():
            ScheduleLease.objects.create(name=mine.name, **values)
    except IntegrityError:
        return False
    return True


def _renew(mine: Flight, report: Callable[[], None]) -> None:
    """Renew the lease until the run is done; without renewals the lease is lost."""
    renewed_at = time.monotonic()
    try:
        while not mine.over.wait(RENEW_S):
            began_at = time.monotonic()
            try:
                if not mine.renew():
                    _note_loss(mine, report)
                    return
                renewed_at = began_at
            except (DatabaseError, InterfaceError) as failure:
                log.warning("renewal_missed", schedule=mine.name, error=str(failure))
                # A broken connection stays broken; the next renewal opens another one.
                connections.close_all()
                if time.monotonic() - renewed_at > LEASE.total_seconds():
                    mine.lose()
    finally:
        connections.close_all()


def _note_loss(mine: Flight, report: Callable[[], None]) -> None:
    """Record that another run may begin, and report a run that hangs."""
    if mine.over.is_set():
        return
    log.warning("schedule_lease_lost", schedule=mine.name)
    if mine.hangs:
        log.error("schedule_hangs", schedule=mine.name)
        report()
