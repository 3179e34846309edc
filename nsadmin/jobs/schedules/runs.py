"""The runs of schedules: one run per slot, and a row for each.

A message may be delivered twice; the unique slot of the row lets one worker run it. A
run that lasts longer than its period never overlaps with the next (`single_flight`);
one that hangs in a thread, which no limit ends, is recorded as failed before the next.
A run that died leaves a row without an end. The next slot has a row of its own, so it
does not wait. The message of a requested run that was lost is sent again at the end of
the next run of any schedule.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from nsadmin.errors import (
    Conflict,
    NotFound,
    NsadminError,
    Unavailable,
    new_reference,
)
from nsadmin.jobs.execution import dispatch
from nsadmin.jobs.models import MAX_RUN_ERROR_LENGTH, ScheduleLease, ScheduleRun
from nsadmin.jobs.schedules import beat, single_flight, turn
from nsadmin.jobs.schedules.single_flight import Flight
from nsadmin.stores import composed

log = structlog.get_logger(__name__)

# Rows kept for each schedule.
KEPT_RUNS = 50
# A run without an end after this long died with its worker.
LOST_AFTER = timedelta(hours=1)
# A message that was not taken for this long has expired.
_RESEND_AFTER = timedelta(seconds=dispatch.EXPIRES_S)
# Messages that are sent at the end of one run.
_MAX_MESSAGES = 10
# The slot of the row that failed runs of a schedule share.
_FAILED: Final = "failed"
# The key of a result that counts the starts that were skipped during the run.
SKIPPED: Final = "skipped_starts"

Work = Callable[[], Mapping[str, Any]]
# all: every run has its own row, and claims its slot before it starts.
# news: runs without changes share one row, failed runs share another one.
# last: all runs share one row.
Keep = Literal["all", "news", "last"]


def record_run(
    name: str, *, keep: Keep = "all"
) -> Callable[[Work], Callable[..., None]]:
    """Return a decorator that records each run of a function; used below `shared_task`.

    The function returns counts of the work done. The decorated function takes the slot
    of a requested run, and does nothing if that run has started already. An
    NsadminError is recorded and not raised.
    """

    def wrap(work: Work) -> Callable[..., None]:
        def shell(slot: str = "") -> None:
            with _flight(name) as flight:
                if flight is None:
                    _skip(name, slot)
                    return
                row = _new_row(name, slot, keep)
                if row is None:
                    log.info("schedule_skipped", schedule=name, slot=slot)
                    return
                _execute(row, work, keep, flight)

        shell.__name__, shell.__doc__ = work.__name__, work.__doc__
        shell.__module__ = work.__module__
        return shell

    return wrap


def _skip(name: str, slot: str) -> None:
    """Skip a start while a run goes on; a requested run waits until that one ends."""
    log.info("schedule_skipped", schedule=name, slot=slot, reason="a run goes on")
    if not slot:
        single_flight.record_skip(name)


@contextmanager
def _flight(name: str) -> Iterator[Flight | None]:
    """Hold the lease of a schedule; however the run ends, requested ones are next."""
    is_held, longest_s = False, beat.longest_s(name)
    report = partial(_write_hanging, name, timezone.now(), longest_s)
    try:
        with single_flight.flight(name, longest_s=longest_s, report=report) as flight:
            is_held = flight is not None
            yield flight
    finally:
        if is_held:
            _send_waiting(name)


def _send_waiting(name: str) -> None:
    """Send messages of requested runs, once a run of the schedule `name` has ended.

    It is that of a run that found this one going on, and those of any schedule that
    were lost. One that comes twice does no harm.
    """
    now = timezone.now()
    if not composed.exist(_unstarted, now - LOST_AFTER):
        return
    going_on = ScheduleLease.objects.filter(until__gt=now).values("name")
    is_lost = Q(asked_at__lt=now - _RESEND_AFTER) & ~Q(name__in=going_on)
    waiting = _requested(now).filter(Q(name=name) | is_lost, started_at=None)
    for row in waiting.order_by("asked_at")[:_MAX_MESSAGES]:
        if not dispatch.send_task(beat.task_of(row.name), row.slot):
            return


def _unstarted(asked_after: datetime) -> QuerySet[ScheduleRun]:
    """Return the requested runs that wait; mostly there are none."""
    waiting = ScheduleRun.objects.filter(started_at=None, ended_at=None)
    return waiting.filter(asked_at__gt=asked_after).exclude(by="")


def _requested(now: datetime) -> QuerySet[ScheduleRun]:
    """Return the requested runs that have not ended and are not lost."""
    unfinished = ScheduleRun.objects.filter(name__in=beat.names(), ended_at=None)
    return unfinished.filter(asked_at__gt=now - LOST_AFTER).exclude(by="")


def _new_row(name: str, slot: str, keep: Keep) -> ScheduleRun | None:
    if keep == "all" or slot:
        return _claim_slot(name, slot)
    now = timezone.now()
    return ScheduleRun(name=name, asked_at=now, started_at=now)


def _claim_slot(name: str, slot: str) -> ScheduleRun | None:
    """Claim a requested slot, or the current one; None if another worker has it."""
    now = timezone.now()
    if slot:
        requested = ScheduleRun.objects.filter(name=name, slot=slot)
        is_claimed = requested.filter(started_at=None).update(started_at=now)
        return requested.first() if is_claimed else None
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


def _execute(row: ScheduleRun, work: Work, keep: Keep, flight: Flight) -> None:
    seconds = beat.turn_s(row.name)
    try:
        with turn.within(seconds, is_lost=flight.lost.is_set):
            row.result = dict(work())
    except NsadminError as error:
        row.error = error.message[:MAX_RUN_ERROR_LENGTH]
        log.warning("schedule_failed", schedule=row.name, reason=error.message)
    except SoftTimeLimitExceeded:
        row.error = "The run took too long and was stopped. The next run continues."
        log.warning("schedule_too_long", schedule=row.name)
    except Exception:
        reference = new_reference()
        log.exception("schedule_broke", schedule=row.name, reference=reference)
        row.error = (
            f"The run stopped because of an error in nsadmin. Reference {reference}."
        )
        _write(row, keep)
        raise
    # Both at once: the next run must not be able to write its end before this one.
    with transaction.atomic():
        if skipped := flight.end():
            row.result = {**row.result, SKIPPED: skipped}
        _write(row, keep)


def _write(row: ScheduleRun, keep: Keep) -> None:
    """Save an ended run: in its own row, or in one that it shares with others."""
    row.ended_at = timezone.now()
    has_own_slot = bool(row.slot)  # claimed before it started
    has_changes = any(row.result.values()) and not row.error
    if not has_own_slot and (keep == "last" or not has_changes):
        _write_shared(row, slot=_FAILED if row.error and keep == "news" else "latest")
        return
    if not has_own_slot:
        row.slot = f"done-{uuid.uuid4().hex}"
    row.save()
    _delete_old_runs(row.name)


def _write_shared(row: ScheduleRun, *, slot: str) -> None:
    values = {
        key: getattr(row, key)
        for key in ("asked_at", "started_at", "ended_at", "result", "error")
    }
    if ScheduleRun.objects.filter(name=row.name, slot=slot).update(**values):
        return
    ScheduleRun.objects.update_or_create(name=row.name, slot=slot, defaults=values)


def _write_hanging(name: str, began_at: datetime, longest_s: float) -> None:
    """Record a run that hangs, beside which the next one may begin.

    The row of the run itself is written when it ends, if it ever does.
    """
    row = ScheduleRun(
        name=name,
        asked_at=began_at,
        started_at=began_at,
        ended_at=timezone.now(),
        error=(
            f"The run is still going on after {longest_s:.0f} s, its limit, and cannot "
            "be stopped. The next run starts beside it. Restart the worker."
        ),
    )
    _write_shared(row, slot=_FAILED)


def _delete_old_runs(name: str) -> None:
    rows = ScheduleRun.objects.filter(name=name)
    kept = rows.order_by("-asked_at", "-pk").values_list("pk", flat=True)[:KEPT_RUNS]
    rows.exclude(pk__in=list(kept)).delete()


def request_run(name: str, by: str) -> ScheduleRun:
    """Have a worker run a schedule now; `by` is the email address of the actor.

    While a run goes on that beat has started, this one waits until that one ends.
    Raises NotFound for an unknown schedule, Conflict while a requested run waits or
    runs, Unavailable if the broker does not answer.
    """
    if name not in beat.names():
        raise NotFound("There is no such schedule.", details={"resource": "schedule"})
    now = timezone.now()
    if _requested(now).filter(name=name).exists():
        message = "A run was requested already. Wait until it ends."
        raise Conflict(message, code="running")
    row = ScheduleRun.objects.create(
        name=name, slot=f"hand-{uuid.uuid4().hex}", by=by, asked_at=now
    )
    if not dispatch.send_task(beat.task_of(name), row.slot):
        row.delete()
        raise Unavailable(
            "The message broker does not answer, so the run could not be queued.",
            details={"store": "redis"},
        )
    return row


def latest(name: str) -> list[ScheduleRun]:
    """Return the kept runs, newest first."""
    rows = ScheduleRun.objects.filter(name=name).order_by("-asked_at", "-pk")
    return list(rows[:KEPT_RUNS])


def is_lost(run: ScheduleRun, now: datetime) -> bool:
    """Tell whether a run died with its worker, or no worker ever took its message."""
    return run.ended_at is None and now - run.asked_at > LOST_AFTER
