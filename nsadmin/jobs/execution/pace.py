"""Waiting within a slice: for a time, and where a cluster limits the rate of calls."""

import time
from dataclasses import dataclass, field
from typing import Final

from nsadmin.errors import Unavailable
from nsadmin.jobs.execution.context import JobContext

_STEP_S: Final = 0.2
# A worker ends a slice that lasts for two minutes; a call that a cluster holds back
# for longer ends it before.
_MAX_SLICE_S: Final = 100.0


@dataclass(slots=True)
class Pace:
    """Keeps one slice to the rate of a cluster.

    `work` is what the job does, such as `the copy`, for the words in its log.
    """

    job: JobContext
    work: str
    is_slowed: bool = False
    began_at: float = field(default_factory=time.monotonic)

    def pause(self, seconds: float) -> None:
        """Wait, as a cluster's rate limit asks; raise if the job has to stop.

        Raises Unavailable if the slice would become too long for its worker; the next
        slice goes on.
        """
        if time.monotonic() + seconds - self.began_at > _MAX_SLICE_S:
            raise Unavailable(
                "A cluster limits the rate of calls.", code="cluster_rate_limited"
            )
        if not self.is_slowed:
            self.is_slowed = True
            self.job.record_event(
                f"A cluster limits the rate of calls; {self.work} keeps to its pace.",
                "warn",
            )
        wait(self.job, seconds)


def wait(job: JobContext, seconds: float) -> None:
    """Wait; raise if the job has to stop."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        job.raise_if_interrupted()
        time.sleep(min(left, _STEP_S))
    job.raise_if_interrupted()
