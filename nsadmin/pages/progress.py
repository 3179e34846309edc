"""A job's progress as it is drawn: one sentence, one bar cut at its stages."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from nsadmin.jobs.models import Job, State
from nsadmin.pages.states import STAGES, UNKNOWN, Shown, of_job

# While the job is younger than so many seconds, ask again after so many.
_SPACING = ((60, 2), (600, 5), (10**9, 15))
_LOST = timedelta(seconds=30)
LOST = Shown("warn", "heartbeat", "Worker lost")


@dataclass(frozen=True, slots=True)
class ShownStage:
    """A stage with its place among the others."""

    number: int
    title: str
    state: Shown
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


@dataclass(frozen=True, slots=True)
class Progress:
    """What `#progress` shows; `every` is the distance to the next poll, in seconds."""

    state: Shown
    headline: str
    percent: int
    stages: list[ShownStage]
    cuts: list[int]
    rate: float | None
    left_s: float | None
    running_s: float | None
    every: int
    announcement: str

    @property
    def current(self) -> ShownStage | None:
        """The stage in hand, or the one that failed."""
        return next((s for s in self.stages if s.key in ("running", "failed")), None)

    @property
    def width(self) -> int:
        """How much of the bar's thousand is filled."""
        return self.percent * 10


def progress_of(job: Job) -> Progress:
    """Read the stored progress; what is missing is left out, never made up."""
    stored: dict[str, Any] = job.progress or {}
    stages = _stages(stored)
    begun = job.started_at
    ended = job.ended_at or timezone.now()
    running_s = (ended - begun).total_seconds() if begun else None
    state = _state(job)
    headline = _headline(job, state, stages)
    place = next((s.number for s in stages if s.key in ("running", "failed")), None)
    return Progress(
        state=state,
        headline=headline,
        percent=int(stored.get("percent") or 0),
        stages=stages,
        cuts=_cuts(stages),
        rate=stored.get("rate"),
        left_s=stored.get("left_s") if job.is_live else None,
        running_s=running_s,
        every=next(every for age, every in _SPACING if (running_s or 0) < age),
        announcement=f"{headline}, stage {place} of {len(stages)}"
        if place
        else headline,
    )


def _stages(stored: dict[str, Any]) -> list[ShownStage]:
    return [
        ShownStage(
            number=number,
            title=str(entry.get("title") or entry.get("key") or ""),
            state=STAGES.get(entry.get("state", ""), UNKNOWN),
            key=str(entry.get("state") or ""),
            done=int(entry.get("done") or 0),
            total=int(entry.get("total") or 0),
            unit=str(entry.get("unit") or ""),
            seconds=entry.get("seconds"),
            weight=int(entry.get("weight") or 0),
        )
        for number, entry in enumerate(stored.get("stages") or [], start=1)
    ]


def _cuts(stages: list[ShownStage]) -> list[int]:
    """Return where the bar of a thousand is cut between stages."""
    whole = sum(stage.weight for stage in stages) or 1
    cuts, reached = [], 0
    for stage in stages[:-1]:
        reached += stage.weight
        cuts.append(max(0, 1000 * reached // whole - 1))
    return cuts


def _state(job: Job) -> Shown:
    """Return the job's state; running without a heartbeat is a lost worker."""
    shown = of_job(job)
    is_running = job.state == State.RUNNING and not job.cancel_requested
    silent = job.heartbeat_at and timezone.now() - job.heartbeat_at > _LOST
    return LOST if is_running and silent else shown


def _headline(job: Job, state: Shown, stages: list[ShownStage]) -> str:
    """Say the one big thing: what it does now, or how it ended."""
    current = next((s for s in stages if s.key in ("running", "failed")), None)
    proven = (job.outputs or {}).get("proof")
    match job.state:
        case State.DONE if proven and all(entry.get("equal") for entry in proven):
            return "Ready, and proven equal"
        case State.FAILED if current:
            return f"Failed in stage {current.number}, {current.title}"
        case State.RUNNING if state is LOST:
            return "Worker lost, resuming"
        case State.RUNNING if current and not job.cancel_requested:
            return current.title
    return state.word
