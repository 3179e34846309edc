"""The timetable of Celery beat, read from the settings."""

from datetime import UTC, datetime
from typing import Any, Final

from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone

from nsadmin.jobs.execution import dispatch

# The sweeper is always at work; its runs are not recorded.
SWEEP = "sweep"
# A run ends its turn after this share of its period, and of the limit that stops it.
_SHARE: Final = 0.8


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


def period_s(name: str) -> float:
    """Return the seconds between two starts of a schedule."""
    first = next_run(name, timezone.now())
    return (next_run(name, first) - first).total_seconds()


def turn_s(name: str) -> float:
    """Return the seconds after which a run of a schedule starts no further item.

    It is what NSADMIN_TURNS says, else most of the period, and always less than the
    limit after which the run is stopped.
    """
    soft_s, _ = dispatch.limits_of(task_of(name))
    turns: dict[str, float] = settings.NSADMIN_TURNS
    wanted = turns[name] if name in turns else _SHARE * period_s(name)
    return min(wanted, _SHARE * soft_s)


def longest_s(name: str) -> float:
    """Return the seconds after which a run of a schedule is killed."""
    return dispatch.limits_of(task_of(name))[1]


def _entry(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[name]
    return entry
