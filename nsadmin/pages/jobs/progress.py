"""A job's progress as it is drawn: a headline and a bar divided into stages."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from nsadmin.jobs.models import Job, State
from nsadmin.jobs.places import Place
from nsadmin.pages.common.badges import STAGE_BEGUN, STAGES, UNKNOWN, Badge
from nsadmin.pages.common.charts.sparkline import Sparkline, sparkline
from nsadmin.pages.jobs.headline import (
    LOST,
    WAITING,
    StageView,
    badge_of,
    current_stage,
    headline_of,
    idle_s,
    place_text,
    silent_s,
)

# (age of the job, poll interval), both in seconds.
_SPACING = ((60, 2), (600, 5), (10**9, 15))


@dataclass(frozen=True, slots=True)
class Progress:
    """Contents of `#progress`; `every` is the time until the next poll, in seconds.

    `announcement` is the text for screen readers: it changes with the stage, not with
    each number. `place` is the sentence about its place in the queue. `idle_s` is how
    long the job has waited for a worker, `silent_s` how long it has not progressed;
    both only if longer than usual. `spark` is the pace of the largest stage, once that
    has done something, and `paced` what the stage counts.
    """

    state: Badge
    headline: str
    percent: int
    stages: list[StageView]
    cuts: list[int]
    rate: float | None
    left_s: float | None
    running_s: float | None
    idle_s: float | None
    silent_s: float | None
    place: str
    paced: str
    spark: Sparkline | None
    every: int
    announcement: str

    @property
    def current(self) -> StageView | None:
        """The running stage, or the one in which the job stopped."""
        return current_stage(self.stages)

    @property
    def width(self) -> int:
        """The filled width of the bar, of 1,000."""
        return self.percent * 10


def progress_of(job: Job, place: Place | None = None) -> Progress:
    """Return the progress of a job; missing values stay None.

    `place` is its place in the queue, if it waits for a slot.
    """
    stored: dict[str, Any] = job.progress or {}
    stages = _stages(stored, job.state)
    running_s = job.running_s(timezone.now())
    state = badge_of(job)
    moves = job.is_live and state not in (LOST, WAITING)
    headline = headline_of(job, state, stages)
    current = current_stage(stages)
    staged = current is not None and current.title in headline
    paced = max(stages, key=lambda stage: stage.weight, default=None)
    return Progress(
        state=state,
        headline=headline,
        percent=int(stored.get("percent") or 0),
        stages=stages,
        cuts=_cuts(stages),
        rate=stored.get("rate") if moves else None,
        left_s=stored.get("left_s") if moves else None,
        running_s=running_s,
        idle_s=idle_s(job),
        silent_s=silent_s(job, stored),
        place=place_text(place),
        paced=paced.unit if paced else "",
        spark=_spark(stored) if paced and paced.done else None,
        every=next(every for age, every in _SPACING if (running_s or 0) < age),
        announcement=f"{headline}, stage {current.number} of {len(stages)}"
        if staged and current
        else headline,
    )


def _spark(stored: dict[str, Any]) -> Sparkline | None:
    return sparkline(stored.get("history") or [], stored.get("every_s") or 1)


def _stages(stored: dict[str, Any], state: str) -> list[StageView]:
    entries = _stopped(stored.get("stages") or [], state)
    took = sum(float(entry.get("seconds") or 0) for entry in entries)
    whole = sum(int(entry.get("weight") or 0) for entry in entries) or 1
    return [
        StageView(
            number=number,
            title=str(entry.get("title") or entry.get("key") or ""),
            state=_state(entry),
            key=str(entry.get("state") or ""),
            done=int(entry.get("done") or 0),
            total=int(entry.get("total") or 0),
            unit=str(entry.get("unit") or ""),
            seconds=entry.get("seconds"),
            # In percent: a way back leaves out the stage with the largest weight.
            weight=round(100 * int(entry.get("weight") or 0) / whole),
            share=100 * float(entry.get("seconds") or 0) / took if took else None,
        )
        for number, entry in enumerate(entries, start=1)
    ]


def _state(entry: dict[str, Any]) -> Badge:
    """Return the state of a stage; one to do that has counted something has begun."""
    key = entry.get("state", "")
    if key == "todo" and (entry.get("done") or entry.get("seconds")):
        return STAGE_BEGUN
    return STAGES.get(key, UNKNOWN)


def _stopped(entries: list[dict[str, Any]], state: str) -> list[dict[str, Any]]:
    """Return the stages of a job that ended early, with the state of its last one.

    A job that is cancelled between two slices has left its stage as it was.
    """
    if state not in (State.FAILED, State.CANCELLED):
        return entries
    word = "cancelled" if state == State.CANCELLED else "failed"
    begun = ("running", "failed", "cancelled")
    reached = [n for n, entry in enumerate(entries) if entry.get("state") in begun]
    if not reached and state == State.CANCELLED:
        reached = [n for n, e in enumerate(entries) if e.get("state") != "done"][:1]
    return [
        {**entry, "state": word} if number in reached else entry
        for number, entry in enumerate(entries)
    ]


def _cuts(stages: list[StageView]) -> list[int]:
    """Return the positions between stages on the bar, of 1,000."""
    whole = sum(stage.weight for stage in stages) or 1
    cuts, reached = [], 0
    for stage in stages[:-1]:
        reached += stage.weight
        cuts.append(max(0, 1000 * reached // whole - 1))
    return cuts
