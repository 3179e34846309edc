"""States in words: one icon shape, one role and one word for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nsadmin.audit.models import Outcome
from nsadmin.jobs.models import Job, ScheduleRun, State
from nsadmin.jobs.schedules.runs import is_lost
from nsadmin.namespaces.read.rows import VectorRow


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as it is drawn: role colour, icon of the sprite, word, does it turn."""

    role: str
    icon: str
    word: str
    turns: bool = False


READY = Badge("ok", "circle-check-fill", "Ready")
UNKNOWN = Badge("idle", "circle-dashed", "Unknown")

HEALTH: Mapping[str, Badge] = {
    "ready": READY,
    "optimising": Badge("warn", "progress", "Optimising"),
    "waiting": Badge("idle", "clock-pause", "Waiting"),
    "error": Badge("bad", "circle-x-fill", "Error"),
    "unknown": UNKNOWN,
    "cloning": Badge("run", "loader-2", "Cloning", turns=True),
    "failed": Badge("bad", "alert-triangle-fill", "Clone failed"),
    "deleting": Badge("bad", "loader-2", "Deleting", turns=True),
}

JOBS: Mapping[str, Badge] = {
    State.QUEUED: Badge("idle", "clock", "Queued"),
    State.RUNNING: Badge("run", "loader-2", "Running", turns=True),
    State.DONE: Badge("ok", "circle-check-fill", "Done"),
    State.FAILED: Badge("bad", "circle-x-fill", "Failed"),
    State.CANCELLED: Badge("idle", "ban", "Cancelled"),
}
KINDS: Mapping[str, str] = {"clone": "Clones", "delete": "Deletions"}
LOST = Badge("warn", "alert-triangle-fill", "Never ended")
CANCELLING = Badge("idle", "player-stop", "Cancelling")

STAGES: Mapping[str, Badge] = {
    "todo": Badge("idle", "circle", "To do"),
    "running": Badge("run", "loader-2", "Running", turns=True),
    "done": Badge("ok", "circle-check-fill", "Done"),
    "failed": Badge("bad", "circle-x-fill", "Failed"),
}

OUTCOMES: Mapping[str, Badge] = {
    Outcome.ATTEMPTED: Badge("idle", "clock", "Not closed yet"),
    Outcome.DONE: Badge("ok", "circle-check", "Done"),
    Outcome.ACCEPTED: Badge("run", "loader-2", "Accepted, Qdrant catching up"),
    Outcome.REFUSED: Badge("warn", "ban", "Refused"),
    Outcome.FAILED: Badge("bad", "circle-x", "Failed"),
}

VECTORS: Mapping[str, Badge] = {
    "there": Badge("ok", "circle-check-fill", "There"),
    "missing": Badge("warn", "alert-triangle-fill", "Missing"),
    "other size": Badge("bad", "circle-x-fill", "Other size"),
}
VECTOR_STALE = Badge("idle", "circle-dashed", "There, last known")
VECTOR_UNUSED = Badge("warn", "alert-triangle-fill", "On no point")

KEYS: Mapping[str, Badge] = {
    "active": Badge("ok", "circle-check", "Active"),
    "expired": Badge("idle", "clock", "Expired"),
    "revoked": Badge("idle", "ban", "Revoked"),
    "idle": Badge("warn", "circle-minus", "Without effect"),
}

TIERS: Mapping[str, tuple[str, str]] = {
    "shared": ("users", "Shared"),
    "dedicated_cpu": ("server", "Dedicated CPU"),
    "dedicated_gpu": ("cpu", "Dedicated GPU"),
}


def health_badge(key: str) -> Badge:
    """Return the state of a mirrored row; a word we do not know is Unknown."""
    return HEALTH.get(key, UNKNOWN)


def vector_badge(row: VectorRow, *, is_stale: bool) -> Badge:
    """Return the state of a vector; one last seen in Qdrant says so."""
    if row.state == "there" and is_stale:
        return VECTOR_STALE
    if row.state == "there" and row.is_empty:
        return VECTOR_UNUSED
    return VECTORS.get(row.state, UNKNOWN)


def job_badge(job: Job) -> Badge:
    """Return the state of a job; one that was asked to stop is Cancelling."""
    if job.is_live and job.cancel_requested:
        return CANCELLING
    return JOBS.get(job.state, UNKNOWN)


def kind_word(kind: str) -> str:
    """Return what jobs of a kind are called together."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def run_badge(run: ScheduleRun, now: datetime) -> Badge:
    """Return the state of a run of a schedule."""
    if run.ended_at is not None:
        return JOBS[State.FAILED if run.error else State.DONE]
    if is_lost(run, now):
        return LOST
    return JOBS[State.RUNNING] if run.started_at else JOBS[State.QUEUED]
