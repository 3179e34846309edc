"""States in words: one icon shape, one role and one word for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nsadmin.audit.models import Outcome
from nsadmin.jobs.models import Job, ScheduleRun, State
from nsadmin.jobs.schedules.runs import is_lost


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as it is drawn: role colour, icon of the sprite, word, does it turn."""

    role: str
    icon: str
    word: str
    turns: bool = False


READY = Shown("ok", "circle-check-fill", "Ready")
UNKNOWN = Shown("idle", "circle-dashed", "Unknown")

HEALTH: Mapping[str, Shown] = {
    "ready": READY,
    "optimising": Shown("warn", "progress", "Optimising"),
    "waiting": Shown("idle", "clock-pause", "Waiting"),
    "error": Shown("bad", "circle-x-fill", "Error"),
    "unknown": UNKNOWN,
    "cloning": Shown("run", "loader-2", "Cloning", turns=True),
    "failed": Shown("bad", "alert-triangle-fill", "Clone failed"),
    "deleting": Shown("bad", "loader-2", "Deleting", turns=True),
}

JOBS: Mapping[str, Shown] = {
    State.QUEUED: Shown("idle", "clock", "Queued"),
    State.RUNNING: Shown("run", "loader-2", "Running", turns=True),
    State.DONE: Shown("ok", "circle-check-fill", "Done"),
    State.FAILED: Shown("bad", "circle-x-fill", "Failed"),
    State.CANCELLED: Shown("idle", "ban", "Cancelled"),
}
KINDS: Mapping[str, str] = {"clone": "Clones", "delete": "Deletions"}
LOST = Shown("warn", "alert-triangle-fill", "Never ended")
CANCELLING = Shown("idle", "player-stop", "Cancelling")

STAGES: Mapping[str, Shown] = {
    "todo": Shown("idle", "circle", "To do"),
    "running": Shown("run", "loader-2", "Running", turns=True),
    "done": Shown("ok", "circle-check-fill", "Done"),
    "failed": Shown("bad", "circle-x-fill", "Failed"),
}

OUTCOMES: Mapping[str, Shown] = {
    Outcome.ATTEMPTED: Shown("idle", "clock", "Not closed yet"),
    Outcome.DONE: Shown("ok", "circle-check", "Done"),
    Outcome.ACCEPTED: Shown("run", "loader-2", "Accepted, Qdrant catching up"),
    Outcome.REFUSED: Shown("warn", "ban", "Refused"),
    Outcome.FAILED: Shown("bad", "circle-x", "Failed"),
}

KEYS: Mapping[str, Shown] = {
    "active": Shown("ok", "circle-check", "Active"),
    "expired": Shown("idle", "clock", "Expired"),
    "revoked": Shown("idle", "ban", "Revoked"),
    "idle": Shown("warn", "circle-minus", "Without effect"),
}

TIERS: Mapping[str, tuple[str, str]] = {
    "shared": ("users", "Shared"),
    "dedicated_cpu": ("server", "Dedicated CPU"),
    "dedicated_gpu": ("cpu", "Dedicated GPU"),
}


def health(key: str) -> Shown:
    """Return the state of a mirrored row; a word we do not know is Unknown."""
    return HEALTH.get(key, UNKNOWN)


def of_job(job: Job) -> Shown:
    """Return the state of a job; one that was asked to stop is Cancelling."""
    if job.is_live and job.cancel_requested:
        return CANCELLING
    return JOBS.get(job.state, UNKNOWN)


def kind_word(kind: str) -> str:
    """Return what jobs of a kind are called together."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def of_run(run: ScheduleRun, now: datetime) -> Shown:
    """Return the state of a run of a schedule."""
    if run.ended_at is not None:
        return JOBS[State.FAILED if run.error else State.DONE]
    if is_lost(run, now):
        return LOST
    return JOBS[State.RUNNING] if run.started_at else JOBS[State.QUEUED]
