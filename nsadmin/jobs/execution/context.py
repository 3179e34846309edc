"""Execution context of a job runner."""

import copy
import time
from typing import Any

from nsadmin.jobs.execution import event_log
from nsadmin.jobs.execution.commitment import COMMITTED, is_committed
from nsadmin.jobs.execution.interrupts import CancelRequested, LeaseLost, SliceExpired
from nsadmin.jobs.execution.lease import Lease
from nsadmin.jobs.execution.progress import Progress
from nsadmin.jobs.models import Job
from nsadmin.jobs.queues import CLUSTERS, JOBS

# {queue: seconds}: a slice ends at the first checkpoint after them. Jobs on customers'
# clusters share their worker with short work, so their slices are short too.
SLICE_S = {JOBS: 20.0, CLUSTERS: 5.0}


class JobContext:
    """One slice of one job.

    The runner reads `inputs`, continues from `cursor`, updates `progress` and writes
    its result to `outputs`. It calls `checkpoint` after each step that the stores have
    confirmed, and `raise_if_interrupted` before each step that cannot be undone.
    """

    def __init__(
        self, job: Job, lease: Lease, *, slice_s: float = SLICE_S[JOBS]
    ) -> None:
        self.job = job
        self.inputs: dict[str, Any] = job.inputs
        self.cursor: dict[str, Any] = copy.deepcopy(job.cursor)
        self.outputs: dict[str, Any] = copy.deepcopy(job.outputs)
        self.progress = Progress.read(job.progress)
        self.lease = lease
        self._saved = copy.deepcopy(job.cursor)
        self._until = time.monotonic() + slice_s

    def raise_if_interrupted(self) -> None:
        """Raise LeaseLost or CancelRequested if the runner has to stop."""
        if self.lease.lost.is_set():
            raise LeaseLost
        is_cancelled = self.lease.cancelled.is_set() and not is_committed(self.cursor)
        if is_cancelled or self.lease.aborted.is_set():
            raise CancelRequested

    def commit(self) -> None:
        """Save that the next step cannot be undone; then only the program stops it.

        Raises what `checkpoint` raises; a cancellation of before stops the job here.
        """
        if is_committed(self.cursor):
            return
        self.raise_if_interrupted()
        self.cursor[COMMITTED] = True
        self.checkpoint()

    def checkpoint(self) -> None:
        """Save cursor, progress and outputs; raise LeaseLost if that is not allowed.

        Raises CancelRequested or, at the end of the slice's time, SliceExpired, both
        after saving. A cursor that moved resets the counts of attempts and waits.
        """
        values: dict[str, Any] = {
            "cursor": self.cursor,
            "progress": self.progress.to_json(),
            "outputs": self.outputs,
        }
        if self.cursor != self._saved:
            values |= {"attempts": 0, "waits": 0, "away_since": None, "waiting": ""}
        if not self.lease.write(**values):
            raise LeaseLost
        self._saved = copy.deepcopy(self.cursor)
        self.raise_if_interrupted()
        if time.monotonic() > self._until:
            raise SliceExpired

    def record_event(self, message: str, role: str = "idle") -> None:
        """Add a line to the job's log; roles as in `event_log`."""
        event_log.record_event(self.job.job_id, message, role)
