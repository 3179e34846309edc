"""Times of the past, and moving rows there."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db.models import F

from nsadmin.jobs.models import Job, JobEvent

_TIMES: Final = ("created_at", "started_at", "ended_at", "sent_at", "run_after")


def ago(
    now: datetime, *, days: int = 0, hours: int = 0, minutes: int = 0, at: str = ""
) -> datetime:
    """Return a time before now; with `at`, that time of the day in UTC."""
    moment = now - timedelta(days=days, hours=hours, minutes=minutes)
    if not at:
        return moment
    return datetime.combine(moment.date(), time.fromisoformat(at), moment.tzinfo)


def move_job(job: Job, started: datetime) -> None:
    """Move a job that has ended into the past, with its log; its person has seen it."""
    job.refresh_from_db()
    shift = started - job.created_at
    Job.objects.filter(pk=job.pk).update(
        progress=_moved(job.progress, shift),
        seen_at=F("ended_at") + shift,
        **{name: F(name) + shift for name in _TIMES},
    )
    JobEvent.objects.filter(job=job).update(at=F("at") + shift)


def _moved(progress: dict[str, Any], shift: timedelta) -> dict[str, Any]:
    """Return the progress of a job with its Unix times moved."""
    seconds = shift.total_seconds()
    moved_at = progress.get("moved_at")
    return {
        **progress,
        "history": [[at + seconds, rate] for at, rate in progress.get("history", [])],
        "moved_at": None if moved_at is None else moved_at + seconds,
    }
