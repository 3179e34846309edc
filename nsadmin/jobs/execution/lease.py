"""The lease on a job: claimed, renewed and returned by conditional UPDATEs alone.

Every write of a lease's owner filters by job, epoch and owner. Queuing a job again
increases the epoch, so the writes of an earlier owner match no row.
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
from django.db import DatabaseError, InterfaceError, connections
from django.db.models.functions import Coalesce
from django.utils import timezone

from nsadmin.jobs.models import Job, State

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=5)
HEARTBEAT_S = 1.0


@dataclass(slots=True)
class Lease:
    """The right to write to one job, until the job is queued again.

    The heartbeat's thread sets `lost` when another worker has the job, `cancelled` when
    a person wants it to stop, and `aborted` when the program does.
    """

    job_id: UUID
    epoch: int
    owner: str
    lost: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    aborted: threading.Event = field(default_factory=threading.Event)

    def write(self, **values: Any) -> bool:
        """Write to the row and renew the lease; return False if the lease is lost."""
        now = timezone.now()
        renewed = {"lease_until": now + LEASE, "heartbeat_at": now}
        return self._write({**renewed, **values})

    def requeue(self, *, run_after: datetime | None = None, **values: Any) -> bool:
        """Queue the job under the next epoch; return False if the lease is lost.

        With `run_after` it gives back its slot: another job may run meanwhile.
        """
        now = timezone.now()
        queued = {
            "state": State.QUEUED,
            "epoch": self.epoch + 1,
            "owner": "",
            "lease_until": None,
            "sent_at": now,
            "run_after": run_after or now,
        }
        if run_after is not None:
            queued["slot"] = None
        return self._write({**queued, **values})

    def end(self, state: State, **values: Any) -> bool:
        """Write the final state; return False if the lease is lost."""
        now = timezone.now()
        ended = {
            "state": state,
            "ended_at": now,
            "lease_until": None,
            "waiting": "",
            "slot": None,
            "run_after": now,
            "sent_at": now,
        }
        return self._write({**ended, **values})

    def _write(self, values: dict[str, Any]) -> bool:
        owned = Job.objects.filter(
            job_id=self.job_id,
            epoch=self.epoch,
            owner=self.owner,
            state=State.RUNNING,
        )
        if owned.update(**values):
            return True
        self.lost.set()
        return False


def _new_owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def claim(job_id: UUID, epoch: int) -> Lease | None:
    """Claim a queued job that is due.

    Returns None if the epoch is stale or another worker was faster.
    """
    now = timezone.now()
    lease = Lease(job_id, epoch, owner=_new_owner())
    is_claimed = Job.objects.filter(
        job_id=job_id, epoch=epoch, state=State.QUEUED, run_after__lte=now
    ).update(
        state=State.RUNNING,
        owner=lease.owner,
        lease_until=now + LEASE,
        heartbeat_at=now,
        started_at=Coalesce("started_at", now),
    )
    return lease if is_claimed else None


@contextmanager
def renewing(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread while the block runs."""
    done = threading.Event()
    thread = threading.Thread(
        target=_heartbeat, args=(lease, done), name="lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=10)


def _hear(lease: Lease) -> None:
    """Learn whether the job is to stop; only an aborted job has an error already."""
    row = Job.objects.filter(job_id=lease.job_id, cancel_requested=True)
    error = row.values_list("error", flat=True).first()
    if error is not None:
        (lease.aborted if error else lease.cancelled).set()


def _heartbeat(lease: Lease, done: threading.Event) -> None:
    try:
        while not done.wait(HEARTBEAT_S):
            try:
                if not lease.write():
                    return
                _hear(lease)
            except (DatabaseError, InterfaceError) as failure:
                # The lease lasts for several heartbeats, so one may be missed. A broken
                # connection stays broken; the next heartbeat opens another one.
                log.warning("heartbeat_missed", error=str(failure))
                connections.close_all()
    finally:
        connections.close_all()
