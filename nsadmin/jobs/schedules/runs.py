"""The runs of schedules: each slot once, whoever delivers it twice, and a record.

A row that can be made once lets one worker begin. A run that died leaves its row
without an end and the next slot has a row of its own, so nothing waits for it.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from nsadmin.errors import Conflict, NotFound, NsadminError, Unavailable
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.models import ScheduleRun
from nsadmin.jobs.schedules import beat

log = structlog.get_logger(__name__)

# Kept of each schedule.
KEPT_RUNS = 50
# A run without an end after this long died with its worker.
LOST_AFTER = timedelta(hours=1)

Work = Callable[[], Mapping[str, Any]]
# all: every run has its row, and its slot is taken before it begins.
# news: runs that did nothing share one row, and those that failed another.
# last: all runs share one row.
Keep = Literal["all", "news", "last"]


def record_run(
    name: str, *, keep: Keep = "all"
) -> Callable[[Work], Callable[..., None]]:
    """Make a Celery shell of work that counts what it did; goes below `shared_task`.

    The shell takes the slot of a run that was asked for by hand, and is harmless when
    it is delivered twice. Errors of the family are recorded and not raised.
    """

    def wrap(work: Work) -> Callable[..., None]:
        def shell(slot: str = "") -> None:
            if keep == "all" or slot:
                row = _claim(name, slot)
                if row is None:
                    log.info("schedule_skipped", schedule=name, slot=slot)
                    return
            else:
                now = timezone.now()
                row = ScheduleRun(name=name, asked_at=now, started_at=now)
            _carry_out(row, work, keep)

        shell.__name__, shell.__doc__ = work.__name__, work.__doc__
        shell.__module__ = work.__module__
        return shell

    return wrap


def _claim(name: str, slot: str) -> ScheduleRun | None:
    """Take the slot; None where another worker has it."""
    now = timezone.now()
    if slot:
        asked = ScheduleRun.objects.filter(name=name, slot=slot)
        begun = asked.filter(started_at=None).update(started_at=now)
        return asked.first() if begun else None
    try:
        with transaction.atomic():
            return ScheduleRun.objects.create(
                name=name,
                slot=beat.slot_of(name, now),
                asked_at=now,
                started_at=now,
            )
    except IntegrityError:
        return None


def _carry_out(row: ScheduleRun, work: Work, keep: Keep) -> None:
    try:
        row.result = dict(work())
    except NsadminError as failure:
        row.error = failure.message[:500]
        log.warning("schedule_failed", schedule=row.name, reason=failure.message)
    except Exception as failure:
        row.error = f"It broke off: {type(failure).__name__}."
        _write(row, keep)
        raise
    _write(row, keep)


def _write(row: ScheduleRun, keep: Keep) -> None:
    row.ended_at = timezone.now()
    if row.slot:  # taken before it began
        row.save()
    elif keep == "last" or row.error or not any(row.result.values()):
        values = {
            key: getattr(row, key)
            for key in ("asked_at", "started_at", "ended_at", "result", "error")
        }
        slot = "failed" if row.error and keep == "news" else "latest"
        ScheduleRun.objects.update_or_create(name=row.name, slot=slot, defaults=values)
        return
    else:
        row.slot = f"done-{uuid.uuid4().hex}"
        row.save()
    _forget(row.name)


def _forget(name: str) -> None:
    rows = ScheduleRun.objects.filter(name=name)
    kept = rows.order_by("-asked_at", "-pk").values_list("pk", flat=True)[:KEPT_RUNS]
    rows.exclude(pk__in=list(kept)).delete()


def ask(name: str, by: str) -> ScheduleRun:
    """Have a worker run it now; `by` is who asked.

    Raises NotFound for what is no schedule, Conflict while one that was asked for waits
    or runs, Unavailable while the broker is away.
    """
    if name not in beat.names():
        raise NotFound("There is no such schedule.", details={"resource": "schedule"})
    now = timezone.now()
    open_ones = ScheduleRun.objects.filter(name=name, ended_at=None)
    if open_ones.filter(asked_at__gt=now - LOST_AFTER).exclude(by="").exists():
        raise Conflict("It was asked for already. Wait for its end.", code="running")
    row = ScheduleRun.objects.create(
        name=name, slot=f"hand-{uuid.uuid4().hex}", by=by, asked_at=now
    )
    if not dispatch.send_task(beat.task_of(name), row.slot):
        row.delete()
        raise Unavailable(
            "The broker does not answer, so no worker can be asked. Nothing was run.",
            details={"store": "redis"},
        )
    return row


def latest(name: str) -> list[ScheduleRun]:
    """Return the kept runs, the last one first."""
    rows = ScheduleRun.objects.filter(name=name).order_by("-asked_at", "-pk")
    return list(rows[:KEPT_RUNS])


def is_lost(run: ScheduleRun, now: datetime) -> bool:
    """Tell whether the run has died, or its message was never taken."""
    return run.ended_at is None and now - run.asked_at > LOST_AFTER
