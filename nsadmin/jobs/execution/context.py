"""What a runner holds in its hands: the job, its cursor, and the word to stop."""

import copy
import time
from typing import Any

from nsadmin.jobs.execution import event_log
from nsadmin.jobs.execution.interrupts import Cancelled, Lost, SliceOver
from nsadmin.jobs.execution.lease import Lease
from nsadmin.jobs.execution.progress import Progress
from nsadmin.jobs.models import Job

SLICE_S = 20.0


class JobContext:
    """One slice of one job.

    The runner reads `inputs`, goes on from `cursor`, keeps `progress` up to date and
    leaves its result in `outputs`. It calls `checkpoint` after each step that the
    outside has confirmed, and `require_held` before a step that cannot be taken back.
    """

    def __init__(self, job: Job, lease: Lease, *, slice_s: float = SLICE_S) -> None:
        self.job = job
        self.inputs: dict[str, Any] = job.inputs
        self.cursor: dict[str, Any] = copy.deepcopy(job.cursor)
        self.outputs: dict[str, Any] = copy.deepcopy(job.outputs)
        self.progress = Progress.read(job.progress)
        self.lease = lease
        self._saved = copy.deepcopy(job.cursor)
        self._until = time.monotonic() + slice_s

    def require_held(self) -> None:
        """Raise Lost or Cancelled if the runner has to stop."""
        if self.lease.lost.is_set():
            raise Lost
        if self.lease.cancelled.is_set():
            raise Cancelled

    def checkpoint(self) -> None:
        """Save cursor, progress and outputs, or raise Lost.

        Raises SliceOver once the slice's time is up, Cancelled if that was asked for;
        what was saved stays saved. Only a cursor that moved counts as getting further.
        """
        values: dict[str, Any] = {
            "cursor": self.cursor,
            "progress": self.progress.to_json(),
            "outputs": self.outputs,
        }
        if self.cursor != self._saved:
            values |= {"attempts": 0, "waits": 0, "away_since": None, "waiting": ""}
        if not self.lease.write(**values):
            raise Lost
        self._saved = copy.deepcopy(self.cursor)
        self.require_held()
        if time.monotonic() > self._until:
            raise SliceOver

    def note(self, sentence: str, role: str = "idle") -> None:
        """Add a line to the job's log."""
        event_log.record_event(self.job.job_id, sentence, role)
