"""When each schedule runs, as beat is told in the settings."""

from datetime import UTC, datetime
from typing import Any

from celery.schedules import crontab
from django.conf import settings

# Takes up jobs every second and keeps no record of it.
SWEEP = "sweep"


def names() -> list[str]:
    """Name every schedule that is recorded."""
    return [name for name in settings.CELERY_BEAT_SCHEDULE if name != SWEEP]


def task_of(name: str) -> str:
    """Return the name of the Celery task."""
    return str(_entry(name)["task"])


def next_run(name: str, now: datetime) -> datetime:
    """Return when beat starts it next, in UTC."""
    plan = _entry(name)["schedule"]
    if isinstance(plan, crontab):
        last, left, _ = plan.remaining_delta(now)
        due: datetime = last + left
        return due.astimezone(UTC)
    turns = now.timestamp() // plan
    return datetime.fromtimestamp((turns + 1) * plan, UTC)


def slot_of(name: str, now: datetime) -> str:
    """Name the time between two starts: all that is delivered in it is one run."""
    return f"{next_run(name, now):%Y-%m-%dT%H:%M:%S}"


def _entry(name: str) -> dict[str, Any]:
    found: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[name]
    return found
