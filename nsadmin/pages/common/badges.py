"""States as badges: one role, one icon and one word for each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from nsadmin.audit.models import Outcome
from nsadmin.jobs.models import Job, ScheduleRun, State
from nsadmin.jobs.schedules.runs import is_lost
from nsadmin.namespaces.lifecycle.clone_target import CANCELLED_REASON
from nsadmin.namespaces.mirror.status import TITLES
from nsadmin.namespaces.read.rows import VectorRow


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as it is drawn: role (its color), icon, word, and whether it turns."""

    role: str
    icon: str
    word: str
    turns: bool = False


# {status of a namespace: (role, icon)}; `read.status` has the words.
_HEALTH_ICONS: Mapping[str, tuple[str, str]] = {
    "ready": ("ok", "circle-check-fill"),
    "optimising": ("warn", "progress"),
    "waiting": ("idle", "clock-pause"),
    "error": ("bad", "circle-x-fill"),
    "unknown": ("idle", "circle-dashed"),
    "cloning": ("run", "loader-2"),
    "failed": ("bad", "alert-triangle-fill"),
    "deleting": ("bad", "loader-2"),
}
HEALTH: Mapping[str, Badge] = {
    key: Badge(role, icon, TITLES[key], turns=icon == "loader-2")
    for key, (role, icon) in _HEALTH_ICONS.items()
}
UNKNOWN = HEALTH["unknown"]
# A clone that a person cancelled is incomplete, and no failure.
CLONE_CANCELLED = Badge("idle", "ban", "Clone cancelled")
# Both are stored, counted and found as one status; each row says which it is.
CLONE_ENDED = replace(HEALTH["failed"], word="Clone failed or cancelled")
# {status: its badge where namespaces are counted or chosen by it}
STATUSES: Mapping[str, Badge] = {**HEALTH, "failed": CLONE_ENDED}
MOVING = Badge("run", "loader-2", "Moving", turns=True)

JOBS: Mapping[str, Badge] = {
    State.QUEUED: Badge("idle", "clock", "Queued"),
    State.RUNNING: Badge("run", "loader-2", "Running", turns=True),
    State.DONE: Badge("ok", "circle-check-fill", "Done"),
    State.FAILED: Badge("bad", "circle-x-fill", "Failed"),
    State.CANCELLED: Badge("idle", "ban", "Cancelled"),
}
KINDS: Mapping[str, str] = {
    "clone": "Clones",
    "compare": "Comparisons",
    "delete": "Deletions",
    "move": "Moves",
}
LOST = Badge("warn", "alert-triangle-fill", "Never finished")
CANCELLING = Badge("idle", "player-stop", "Cancelling")

STAGES: Mapping[str, Badge] = {
    "todo": Badge("idle", "circle", "To do"),
    "running": Badge("run", "loader-2", "Running", turns=True),
    "done": Badge("ok", "circle-check-fill", "Done"),
    "failed": Badge("bad", "circle-x-fill", "Failed"),
    "cancelled": Badge("idle", "ban", "Cancelled"),
}
# Of a job that is resumed: it goes on where it stopped.
STAGE_BEGUN = Badge("idle", "circle-dashed", "Begun")

OUTCOMES: Mapping[str, Badge] = {
    Outcome.ATTEMPTED: Badge("idle", "clock", "Not closed yet"),
    Outcome.DONE: Badge("ok", "circle-check", "Done"),
    Outcome.ACCEPTED: Badge("run", "loader-2", "Accepted, Qdrant catching up"),
    Outcome.REFUSED: Badge("warn", "ban", "Refused"),
    Outcome.FAILED: Badge("bad", "circle-x", "Failed"),
}
CANCELLED = Badge("idle", "ban", "Cancelled")
# Of a job that went on later; the event of the resume has its end.
_RESUMED = "{}, resumed later"

VECTORS: Mapping[str, Badge] = {
    "there": Badge("ok", "circle-check-fill", "Present"),
    "missing": Badge("warn", "alert-triangle-fill", "Missing"),
    "other size": Badge("bad", "circle-x-fill", "Other size"),
}
VECTOR_STALE = Badge("idle", "circle-dashed", "Present, last known")

# What a comparison of documents found; `sample` is a sample without a difference.
COMPARED: Mapping[str, Badge] = {
    "equal": Badge("ok", "circle-check-fill", "Equal"),
    "sample": Badge("ok", "circle-check-fill", "No difference in the sample"),
    "different": Badge("warn", "git-compare", "Different"),
}

KEYS: Mapping[str, Badge] = {
    "active": Badge("ok", "circle-check", "Active"),
    "ending": Badge("warn", "hourglass", "Being replaced"),
    "expired": Badge("idle", "clock", "Expired"),
    "revoked": Badge("idle", "ban", "Revoked"),
    "idle": Badge("warn", "circle-minus", "Inactive"),
}

SUPPORT_STATES: Mapping[str, Badge] = {
    "running": Badge("warn", "eye", "Running"),
    "waiting": Badge("warn", "hourglass", "Waiting for approval"),
    "refused": Badge("idle", "ban", "Refused"),
    "withdrawn": Badge("idle", "circle-minus", "Withdrawn"),
    "undecided": Badge("idle", "clock", "No decision"),
    "ended": Badge("idle", "circle-check", "Ended early"),
    "over": Badge("idle", "circle-check", "Ended"),
}

TIERS: Mapping[str, tuple[str, str]] = {
    "shared": ("users", "Shared"),
    "dedicated_cpu": ("server", "Dedicated CPU"),
    "dedicated_gpu": ("cpu", "Dedicated GPU"),
}


def health_badge(key: str, clone_error: str = "") -> Badge:
    """Return the badge of a namespace's status; Unknown for any other key.

    `clone_error` is why the clone into it did not finish.
    """
    if key == "failed" and clone_error == CANCELLED_REASON:
        return CLONE_CANCELLED
    return HEALTH.get(key, UNKNOWN)


def outcome_badge(outcome: str, error: str, *, is_resumed: bool = False) -> Badge:
    """Return the outcome of an audit event; `error` is why it failed, if it did.

    A job that `is_resumed` went on later, so its failure is not the end.
    """
    is_cancelled = outcome == Outcome.FAILED and error == CANCELLED_REASON
    badge = CANCELLED if is_cancelled else OUTCOMES[outcome]
    if is_resumed:
        return replace(badge, role="idle", word=_RESUMED.format(badge.word))
    return badge


def vector_badge(row: VectorRow, *, is_stale: bool) -> Badge:
    """Return the state of a vector; one last seen in Qdrant says so."""
    if row.state == "there" and is_stale:
        return VECTOR_STALE
    if row.state == "there" and row.having is not None and row.having[1]:
        return coverage_badge(row.having)
    return VECTORS.get(row.state, UNKNOWN)


def coverage_badge(having: tuple[int, int]) -> Badge:
    """Return on how many points vectors are; on none is amber, on some may be right."""
    have, of = having
    if not have:
        return Badge("warn", "alert-triangle-fill", on_points(have, of))
    return Badge("ok", "circle-check-fill", on_points(have, of))


def on_points(have: int, of: int) -> str:
    """Return the one wording of a coverage, the same on every page."""
    noun = "point" if of == 1 else "points"
    return f"On {have:,} of {of:,} {noun}" if have < of else f"On all {of:,} {noun}"


def job_badge(job: Job) -> Badge:
    """Return the badge of a job; Cancelling for a live job with a cancel request."""
    if job.is_live and job.cancel_requested:
        return CANCELLING
    return JOBS.get(job.state, UNKNOWN)


def kind_word(kind: str) -> str:
    """Return the plural name of a kind of jobs."""
    return KINDS.get(kind, kind.replace("_", " ").capitalize())


def run_badge(run: ScheduleRun, now: datetime) -> Badge:
    """Return the badge of a run of a schedule."""
    if run.ended_at is not None:
        return JOBS[State.FAILED if run.error else State.DONE]
    if is_lost(run, now):
        return LOST
    return JOBS[State.RUNNING] if run.started_at else JOBS[State.QUEUED]
