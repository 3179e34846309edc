"""The headline of a job, and how long it has been idle or silent."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from nsadmin.jobs.execution.lease import LEASE
from nsadmin.jobs.execution.slots import PAUSED, WAITS_FOR_SLOT, waits_for_slot
from nsadmin.jobs.models import Job, State
from nsadmin.jobs.places import Place
from nsadmin.namespaces.change.moving import KIND as MOVE
from nsadmin.pages.common.badges import JOBS, Badge, job_badge

LOST = Badge("warn", "heartbeat", "Worker lost")
WAITING = Badge("warn", "clock-pause", "Waiting")
# A worker usually takes a job, and a store answers, in less than this.
_LONG_S = 8.0
_READY_IN_PART = "Ready, identical except what was left out"


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage of a job, with its number; `share` is its percentage of the time."""

    number: int
    title: str
    state: Badge
    key: str
    done: int
    total: int
    unit: str
    seconds: float | None
    weight: int
    share: float | None = None

    @property
    def percent(self) -> int:
        """The percentage done, 100 only after the end of the stage."""
        if self.key == "done":
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0

    @property
    def counted(self) -> bool:
        """Whether the stage counts items."""
        return bool(self.total or self.done)


def current_stage(stages: list[StageView]) -> StageView | None:
    """Return the running stage, or the one in which the job stopped."""
    current = ("running", "failed", "cancelled")
    return next((s for s in stages if s.key in current), None)


def badge_of(job: Job) -> Badge:
    """Return the job's badge; a running job without a heartbeat has lost its worker.

    A job that is queued between two slices is shown as running.
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
    """Return for how many seconds a queued job has waited for a worker.

    None for other jobs, for jobs that wait for a store, and for short pauses.
    """
    if job.state != State.QUEUED or job.waiting:
        return None
    known = (job.created_at, job.heartbeat_at, job.resumed_at)
    since = max(moment for moment in known if moment is not None)
    idle = (timezone.now() - since).total_seconds()
    return idle if idle >= _LONG_S or job.started_at is None else None


def place_text(place: Place | None) -> str:
    """Return the place of a waiting job as a sentence; empty without one."""
    if place is None:
        return ""
    which = f"{_ordinal(place.position)} of {place.waiting:,}"
    running = f"{place.running:,} of {place.slots:,} run"
    return f"{which} in the organization's queue; {running}."


def _ordinal(number: int) -> str:
    is_teen = 10 < number % 100 < 14
    ending = {1: "st", 2: "nd", 3: "rd"}.get(0 if is_teen else number % 10, "th")
    return f"{number:,}{ending}"


def silent_s(job: Job, stored: dict[str, Any]) -> float | None:
    """Return for how many seconds a running job has not progressed; None if short."""
    moved = stored.get("moved_at")
    if job.state != State.RUNNING or moved is None:
        return None
    at = datetime.fromtimestamp(moved, UTC)
    since = max(at, job.resumed_at or job.started_at or at)
    silent = (timezone.now() - since).total_seconds()
    return silent if silent >= _LONG_S else None


def _waiting_headline(job: Job) -> str:
    if waits_for_slot(job):
        return WAITS_FOR_SLOT
    if job.waiting == PAUSED:
        return "Waiting until the suspension ends"
    if job.away_since is None:
        return "Waiting for another worker"
    store = "Qdrant" if "Qdrant" in job.waiting else "MongoDB"
    return f"Waiting for {store}"


def headline_of(job: Job, state: Badge, stages: list[StageView]) -> str:
    """Return what the job does now, or how it ended."""
    current = current_stage(stages)
    proven = (job.outputs or {}).get("proof")
    if state is WAITING:
        return _waiting_headline(job)
    if state is LOST:
        return "Worker lost, resuming"
    match job.state:
        case State.DONE if job.kind == MOVE:
            is_equal = proven and all(entry.get("equal") for entry in proven)
            return "Moved, verified identical" if is_equal else "Moved"
        case State.DONE if proven and all(entry.get("equal") for entry in proven):
            left_out = (job.outputs or {}).get("dropped")
            return _READY_IN_PART if left_out else "Ready, verified identical"
        case State.DONE if proven:
            return "Ready; the source changed during the clone"
        case State.FAILED if current:
            return f"Failed in stage {current.number}, {current.title}"
        case State.QUEUED if job.started_at is None:
            return "Queued, not started"
        case State.QUEUED if idle_s(job) is not None and not job.cancel_requested:
            return "Waiting for a worker"
    if job.is_live and current and not job.cancel_requested:
        return current.title
    return state.word
