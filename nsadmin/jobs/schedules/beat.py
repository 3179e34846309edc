"""The timetable of Celery beat, read from the settings."""

from datetime import UTC, datetime
from typing import Any

from celery.schedules import crontab
from django.conf import settings

# The sweeper runs every second; its runs are not recorded.
SWEEP = "sweep"


def names() -> list[str]:
    """Return the name of every schedule whose runs are recorded."""
    return [name for name in settings.CELERY_BEAT_SCHEDULE if name != SWEEP]


def task_of(name: str) -> str:
    """Return the name of a schedule's Celery task."""
    return str(_entry(name)["task"])


def next_run(name: str, now: datetime) -> datetime:
    """Return the next time in UTC at which beat starts a schedule."""
    schedule = _entry(name)["schedule"]
    if isinstance(schedule, crontab):
        last, left, _ = schedule.remaining_delta(now)
        due: datetime = last + left
        return due.astimezone(UTC)
    intervals = now.timestamp() // schedule
    return datetime.fromtimestamp((intervals + 1) * schedule, UTC)


def slot_of(name: str, now: datetime) -> str:
    """Return the name of the slot: the time until the next start, with one run."""
    return f"{next_run(name, now):%Y-%m-%dT%H:%M:%S}"


def _entry(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[name]
    return entry
