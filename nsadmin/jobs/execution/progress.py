"""The progress of a job: stages with counts, a percentage, a rate and the time left."""

import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["todo", "running", "done", "failed", "cancelled"]

_SPEED_WINDOW_S = 15.0
_MIN_SPEED_WINDOW_S = 0.5
# The rate is measured over the samples of these last seconds.
# The history is a list of [Unix time, units per second]. When it is full, every second
# entry is dropped and the interval doubled, so that it always spans the whole stage.
_MAX_HISTORY = 80
# An estimate of the time left that grew by no more than this counts as the same.
_MAX_GROWTH = 1.25
_HISTORY_INTERVAL_S = 1


@dataclass(slots=True, kw_only=True)
class Stage:
    """One part of a job; `weight` is its share of the whole duration."""

    key: str
    title: str
    unit: str
    weight: int
    state: State = "todo"
    done: int = 0
    total: int = 0
    seconds: float | None = None

    @property
    def share(self) -> float:
        """The finished part of the stage, from 0 to 1."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """A measurement of the current stage, for the rate and the time left."""

    at: float
    stage: str
    done: int
    fraction: float


class Progress:
    """The stages of one job, updated by its runner.

    The rate is measured over the last seconds of this process, so that a pause or a
    restart does not distort it for long.

    The percentage never falls and the time left never grows: totals may grow while a
    job runs, then both stand still. Where the estimate is much longer than the one that
    was shown, the time left is None until it is true again.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = list(stages)
        self._stage_started = time.monotonic()
        self._earlier_seconds = 0.0
        self._samples: deque[_Sample] = deque(maxlen=200)
        self.history: list[list[float]] = []
        self.every_s = _HISTORY_INTERVAL_S
        self._last_history: tuple[float, int] | None = None
        self._peak = 0.0
        self._shown_left: float | None = None

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Progress":
        """Read the JSON of `to_json`; unknown keys of a stage are ignored."""
        known = Stage.__dataclass_fields__
        progress = cls(
            [
                Stage(**{key: value for key, value in entry.items() if key in known})
                for entry in stored.get("stages") or []
            ]
        )
        progress.history = list(stored.get("history") or [])
        progress.every_s = stored.get("every_s") or _HISTORY_INTERVAL_S
        progress._peak = float(stored.get("peak") or 0)
        progress._shown_left = stored.get("shown_left_s")
        return progress

    def stage(self, key: str) -> Stage:
        """Return a stage by its key."""
        return next(stage for stage in self.stages if stage.key == key)

    def begin(self, key: str, *, total: int) -> None:
        """Start or continue a stage; each slice may give another total."""
        stage = self.stage(key)
        if stage.state != "running":
            stage.state = "running"
            self._samples.clear()
        stage.total = max(total, stage.done)
        self._stage_started = time.monotonic()
        self._earlier_seconds = stage.seconds or 0.0
        self._take_sample(stage)

    def advance(self, key: str, *, done: int) -> None:
        """Set the number of finished units of a stage."""
        stage = self.stage(key)
        stage.done = done
        stage.total = max(stage.total, done)
        stage.seconds = self._stage_seconds()
        self._take_sample(stage)

    def end(self, key: str) -> None:
        """Set a stage's state to done; one that has ended stays as it is."""
        stage = self.stage(key)
        if stage.state != "done":
            stage.seconds = self._stage_seconds()
            stage.state = "done"

    def drop(self, keys: Collection[str]) -> None:
        """Remove stages that turned out not to be needed."""
        self.stages = [stage for stage in self.stages if stage.key not in keys]

    def _stage_seconds(self) -> float:
        """Return the running time of the current stage over all slices."""
        seconds = self._earlier_seconds + time.monotonic() - self._stage_started
        return round(seconds, 1)

    def stop(self, state: State = "failed") -> None:
        """Set the state of the running stage."""
        for stage in self.stages:
            if stage.state == "running":
                stage.state = state

    def to_resume(self) -> dict[str, Any]:
        """Return the JSON for a job that is resumed: no running stage and no rate."""
        for stage in self.stages:
            if stage.state != "done":
                stage.state = "todo"
        return {
            **self.to_json(),
            "rate": None,
            "left_s": None,
            "shown_left_s": None,
            "moved_at": None,
        }

    def _take_sample(self, stage: Stage) -> None:
        now = time.monotonic()
        self._append_history(stage, now)
        self._samples.append(
            _Sample(at=now, stage=stage.key, done=stage.done, fraction=self.fraction)
        )
        while len(self._samples) > 2 and now - self._samples[0].at > _SPEED_WINDOW_S:
            self._samples.popleft()

    def _append_history(self, stage: Stage, now: float) -> None:
        """Add the rate since the last entry; a new stage only sets the start.

        Stages count other units, so the history is that of the largest one alone.
        """
        if stage.key != max(self.stages, key=lambda one: one.weight).key:
            return
        previous = self._samples[-1] if self._samples else None
        is_new_stage = previous is None or previous.stage != stage.key
        if self._last_history is None or is_new_stage:
            self._last_history = (now, stage.done)
            return
        at, done = self._last_history
        if now - at < self.every_s:
            return
        # A pass that begins anew counts from 0 again.
        rate = max(0, stage.done - done) / (now - at)
        self.history.append([round(time.time()), round(rate, 1)])
        self._last_history = (now, stage.done)
        if len(self.history) > _MAX_HISTORY:
            self.history = self.history[1::2]
            self.every_s *= 2

    @property
    def fraction(self) -> float:
        """The finished part of the whole job, from 0 to 1; it never falls."""
        whole = sum(stage.weight for stage in self.stages)
        if whole:
            parts = sum(stage.weight * stage.share for stage in self.stages)
            self._peak = max(self._peak, parts / whole)
        return self._peak

    @property
    def percent(self) -> int:
        """The finished part in percent; 100 means that every stage has ended."""
        if self.stages and all(stage.state == "done" for stage in self.stages):
            return 100
        return min(99, int(self.fraction * 100))

    def _speed(self) -> tuple[float | None, float | None]:
        """Return the stage's units per second and the seconds left of the whole job.

        Each is None where it cannot be estimated.
        """
        if len(self._samples) < 2:
            return None, None
        first, last = self._samples[0], self._samples[-1]
        seconds = last.at - first.at
        if seconds < _MIN_SPEED_WINDOW_S:
            return None, None
        rate = round(max(0, last.done - first.done) / seconds, 1)
        fraction_per_s = (last.fraction - first.fraction) / seconds
        if fraction_per_s <= 0:
            return rate, None
        left = 1 - last.fraction
        # The stage may be faster than the others; the average of all is the other view.
        average = sum(stage.seconds or 0 for stage in self.stages) / last.fraction
        return rate, self._left(round(left * max(1 / fraction_per_s, average), 1))

    def _left(self, estimate: float) -> float | None:
        """Return the time left to show, never more than was shown before."""
        shown = self._shown_left
        if shown is not None and estimate > shown:
            return shown if estimate <= shown * _MAX_GROWTH else None
        self._shown_left = estimate
        return estimate

    def to_json(self) -> dict[str, Any]:
        """Return the value of `Job.progress`."""
        rate, left = self._speed()
        return {
            "stages": [asdict(stage) for stage in self.stages],
            "percent": self.percent,
            "peak": self._peak,
            "rate": rate,
            "left_s": left,
            "shown_left_s": self._shown_left,
            "history": self.history,
            "every_s": self.every_s,
            "moved_at": round(time.time(), 1),
        }
