"""The one big sentence of a job, and how long nothing has been heard of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from nsadmin.jobs.execution.lease import LEASE
from nsadmin.jobs.models import Job, State
from nsadmin.pages.common.badges import JOBS, Badge, job_badge

LOST = Badge("warn", "heartbeat", "Worker lost")
WAITING = Badge("warn", "clock-pause", "Waiting")
# Longer than a worker needs to pick something up, or a store to answer.
_LONG_S = 8.0


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage with its place among the others."""

    number: int
    title: str
    state: Badge
    key: str
    done: int
    total: int
    unit: str
    seconds: float | None
    weight: int

    @property
    def percent(self) -> int:
        """How much of the stage is done, never 100 before it is."""
        if self.key == "done":
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0

    @property
    def counted(self) -> bool:
        """Whether there is anything to count."""
        return bool(self.total or self.done)


def current_stage(stages: list[StageView]) -> StageView | None:
    """Return the stage in hand, or the one that failed."""
    return next((s for s in stages if s.key in ("running", "failed")), None)


def badge_of(job: Job) -> Badge:
    """Return the job's state; running without a heartbeat is a lost worker.

    Between two slices a job is queued for a moment; who looks on has no use for that.
    """
    shown = job_badge(job)
    if not job.is_live or job.cancel_requested:
        return shown
    if job.waiting:
        return WAITING
    if job.state == State.RUNNING:
        silent = job.heartbeat_at and timezone.now() - job.heartbeat_at > LEASE
        return LOST if silent else shown
    return JOBS[State.RUNNING] if _is_between(job) else shown


def _is_between(job: Job) -> bool:
    return job.started_at is not None and idle_s(job) is None


def idle_s(job: Job) -> float | None:
    """How long nobody has taken a queued job that does not wait on purpose."""
    if job.state != State.QUEUED or job.waiting:
        return None
    known = (job.created_at, job.heartbeat_at, job.resumed_at)
    since = max(moment for moment in known if moment is not None)
    idle = (timezone.now() - since).total_seconds()
    return idle if idle >= _LONG_S or job.started_at is None else None


def silent_s(job: Job, stored: dict[str, Any]) -> float | None:
    """How long a running job has not got further."""
    moved = stored.get("moved_at")
    if job.state != State.RUNNING or moved is None:
        return None
    at = datetime.fromtimestamp(moved, UTC)
    since = max(at, job.resumed_at or job.started_at or at)
    silent = (timezone.now() - since).total_seconds()
    return silent if silent >= _LONG_S else None


def headline_of(job: Job, state: Badge, stages: list[StageView]) -> str:
    """Say the one big thing: what it does now, or how it ended."""
    current = current_stage(stages)
    proven = (job.outputs or {}).get("proof")
    if state is WAITING:
        store = "Qdrant" if "Qdrant" in job.waiting else "the namespace store"
        return f"Waiting for {store}"
    if state is LOST:
        return "Worker lost, resuming"
    match job.state:
        case State.DONE if proven and all(entry.get("equal") for entry in proven):
            return "Ready, and proven equal"
        case State.DONE if proven:
            return "Ready; the source was changed meanwhile"
        case State.FAILED if current:
            return f"Failed in stage {current.number}, {current.title}"
        case State.QUEUED if job.started_at is None:
            return "Not picked up yet"
        case State.QUEUED if idle_s(job) is not None and not job.cancel_requested:
            return "Waiting for a worker"
    if job.is_live and current and not job.cancel_requested:
        return current.title
    return state.word
