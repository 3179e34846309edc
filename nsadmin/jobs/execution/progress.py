"""How far a job is: stages with counts, a percentage, a rate and the time left."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["todo", "running", "done", "failed"]

_WINDOW_S = 15.0
# The history is a list of [seconds of the clock, units a second]; twice as far apart
# once it is full, so that it always spans the whole job.
_HISTORY_MOST = 80
_HISTORY_EVERY_S = 1


@dataclass(slots=True)
class Stage:
    """One part of a job; `weight` is its share of the whole."""

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
        """How much of the stage is done, from 0 to 1."""
        if self.state == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0


class Progress:
    """The stages of one job, kept up to date by its runner.

    Speed is measured over the last seconds of this process, so that a pause or a
    restart does not bend it for long.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = list(stages)
        self._begun = time.monotonic()
        self._before = 0.0
        self._marks: deque[tuple[float, str, int, float]] = deque(maxlen=200)
        self.history: list[list[float]] = []
        self.every_s = _HISTORY_EVERY_S
        self._since: tuple[float, int] | None = None

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Progress":
        """Read what `to_json` wrote."""
        known = Stage.__dataclass_fields__
        found = cls(
            [
                Stage(**{key: value for key, value in entry.items() if key in known})
                for entry in stored.get("stages") or []
            ]
        )
        found.history = list(stored.get("history") or [])
        found.every_s = stored.get("every_s") or _HISTORY_EVERY_S
        return found

    def stage(self, key: str) -> Stage:
        """Return a stage by its key."""
        return next(stage for stage in self.stages if stage.key == key)

    def begin(self, key: str, *, total: int) -> None:
        """Say that a stage is being worked on; its total may change as one learns."""
        stage = self.stage(key)
        if stage.state != "running":
            stage.state = "running"
            self._marks.clear()
        stage.total = max(total, stage.done)
        self._begun = time.monotonic()
        self._before = stage.seconds or 0.0
        self._mark(stage)

    def advance(self, key: str, *, done: int) -> None:
        """Say how much of a stage is done."""
        stage = self.stage(key)
        stage.done = done
        stage.total = max(stage.total, done)
        stage.seconds = round(self._before + time.monotonic() - self._begun, 1)
        self._mark(stage)

    def end(self, key: str) -> None:
        """Say that a stage is done."""
        stage = self.stage(key)
        stage.seconds = round(self._before + time.monotonic() - self._begun, 1)
        stage.state = "done"

    def stop(self) -> None:
        """Say that the stage in hand has failed."""
        for stage in self.stages:
            if stage.state == "running":
                stage.state = "failed"

    def rest(self) -> dict[str, Any]:
        """Write it down for a job that is to go on: nothing is in hand, no pace."""
        for stage in self.stages:
            if stage.state != "done":
                stage.state = "todo"
        return {**self.to_json(), "rate": None, "left_s": None, "moved_at": None}

    def _mark(self, stage: Stage) -> None:
        now = time.monotonic()
        self._remember(stage, now)
        self._marks.append((now, stage.key, stage.done, self.fraction))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW_S:
            self._marks.popleft()

    def _remember(self, stage: Stage, now: float) -> None:
        """Add the pace since the last entry; another stage begins a new stretch."""
        begun = self._marks[-1] if self._marks else None
        if self._since is None or begun is None or begun[1] != stage.key:
            self._since = (now, stage.done)
            return
        at, done = self._since
        if now - at < self.every_s:
            return
        rate = (stage.done - done) / (now - at)
        self.history.append([round(time.time()), round(rate, 1)])
        self._since = (now, stage.done)
        if len(self.history) > _HISTORY_MOST:
            self.history = self.history[1::2]
            self.every_s *= 2

    @property
    def fraction(self) -> float:
        """How much of the whole is done, from 0 to 1."""
        whole = sum(stage.weight for stage in self.stages)
        if not whole:
            return 0.0
        return sum(stage.weight * stage.share for stage in self.stages) / whole

    def _speed(self) -> tuple[float | None, float | None]:
        """Units a second in the stage in hand, and seconds left of the whole."""
        if len(self._marks) < 2:
            return None, None
        (t0, _, done0, part0), (t1, _, done1, part1) = self._marks[0], self._marks[-1]
        if t1 - t0 < 0.5:
            return None, None
        rate = (done1 - done0) / (t1 - t0)
        pace = (part1 - part0) / (t1 - t0)
        left = (1 - part1) / pace if pace > 0 else None
        return round(rate, 1), None if left is None else round(left, 1)

    def to_json(self) -> dict[str, Any]:
        """Write it down for the job's row."""
        rate, left = self._speed()
        return {
            "stages": [asdict(stage) for stage in self.stages],
            # 100 is for the end, not for what rounds to it.
            "percent": 100 if self.fraction == 1 else int(self.fraction * 100),
            "rate": rate,
            "left_s": left,
            "history": self.history,
            "every_s": self.every_s,
            "moved_at": round(time.time(), 1),
        }
