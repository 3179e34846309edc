"""Who holds a job: claimed, kept and given back by conditional UPDATEs alone.

Every write of a holder names job, epoch and owner. Whoever gives a job back moves the
epoch, so whoever held it before finds no row to write to.
"""

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, connections
from django.db.models.functions import Coalesce
from django.utils import timezone

from nsadmin.jobs.models import Job, State

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=5)
HEARTBEAT_S = 1.0


@dataclass(slots=True)
class Lease:
    """The right to write to one job, as long as nobody took it away."""

    job_id: UUID
    epoch: int
    owner: str
    lost: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def write(self, **values: Any) -> bool:
        """Write to the row and renew the lease; False if it is not ours any more."""
        now = timezone.now()
        renewed = {"lease_until": now + LEASE, "heartbeat_at": now}
        return self._write({**renewed, **values})

    def give_back(self, *, run_after: datetime | None = None, **values: Any) -> bool:
        """Queue the job again under the next epoch, for anybody to take up."""
        now = timezone.now()
        queued = {
            "state": State.QUEUED,
            "epoch": self.epoch + 1,
            "owner": "",
            "lease_until": None,
            "sent_at": now,
            "run_after": run_after or now,
        }
        return self._write({**queued, **values})

    def end(self, state: State, **values: Any) -> bool:
        """Write the final state; False if somebody else holds the job now."""
        now = timezone.now()
        ended = {
            "state": state,
            "ended_at": now,
            "lease_until": None,
            "waiting": "",
            "run_after": now,
            "sent_at": now,
        }
        return self._write({**ended, **values})

    def _write(self, values: dict[str, Any]) -> bool:
        mine = Job.objects.filter(
            job_id=self.job_id,
            epoch=self.epoch,
            owner=self.owner,
            state=State.RUNNING,
        )
        if mine.update(**values):
            return True
        self.lost.set()
        return False


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def claim(job_id: UUID, epoch: int) -> Lease | None:
    """Take a queued job; None if the message is stale or somebody was faster."""
    now = timezone.now()
    lease = Lease(job_id, epoch, _me())
    taken = Job.objects.filter(
        job_id=job_id, epoch=epoch, state=State.QUEUED, run_after__lte=now
    ).update(
        state=State.RUNNING,
        owner=lease.owner,
        lease_until=now + LEASE,
        heartbeat_at=now,
        started_at=Coalesce("started_at", now),
    )
    return lease if taken else None


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread of its own for as long as the block lasts."""
    done = threading.Event()
    thread = threading.Thread(
        target=_beat, args=(lease, done), name="lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=10)


def _beat(lease: Lease, done: threading.Event) -> None:
    try:
        while not done.wait(HEARTBEAT_S):
            try:
                if not lease.write():
                    return
                row = Job.objects.filter(job_id=lease.job_id)
                if row.values_list("cancel_requested", flat=True).first():
                    lease.cancelled.set()
            except DatabaseError as failure:
                # A busy database costs one beat; the lease outlasts several.
                log.warning("heartbeat_missed", error=str(failure))
    finally:
        connections.close_all()
