"""Schedules for staff: what each does, its runs and its next one, and running it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.audit import record
from nsadmin.errors import Conflict, Unavailable
from nsadmin.jobs.models import ScheduleLease, ScheduleRun
from nsadmin.jobs.schedules import beat, runs, single_flight
from nsadmin.namespaces.lifecycle import mass_expiry
from nsadmin.namespaces.lifecycle.mass_expiry import HeldExpiry
from nsadmin.namespaces.mirror import state
from nsadmin.pages.common.badges import Badge, run_badge
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.platform.schedule_text import MEANINGS, meaning, result_text, title

_MAX_RUNS = 20
# Poll interval while a manually started run is in progress.
_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as it is shown, with its result as text."""

    run: ScheduleRun
    state: Badge
    said: str

    @property
    def seconds(self) -> float | None:
        """The duration of the run; None before its end."""
        if self.run.started_at is None or self.run.ended_at is None:
            return None
        return (self.run.ended_at - self.run.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule with its runs, newest first; `lease` is that of a running one."""

    name: str
    title: str
    meaning: str
    next_at: datetime
    past: list[RunView]
    lease: ScheduleLease | None = None

    @property
    def last(self) -> RunView | None:
        """The last run."""
        return self.past[0] if self.past else None

    @property
    def is_busy(self) -> bool:
        """Whether the last run has not ended and is not lost."""
        return self.last is not None and self.last.state.role in ("run", "idle")


@dataclass(frozen=True, slots=True)
class HeldRow:
    """The held expiry of an organization; `released_by` is empty unless it is seen."""

    organization: Organization
    count: int
    held_at: datetime
    released_at: datetime | None
    released_by: str
    is_seen: bool


@gate.page(Action.PLATFORM_READ)
@require_safe
def schedules(request: HttpRequest) -> HttpResponse:
    """Show every schedule."""
    return _render_list(request)


def _render_list(request: HttpRequest) -> HttpResponse:
    now, actor = timezone.now(), gate.actor_of(request)
    known = [name for name in MEANINGS if name in beat.names()]
    others = [name for name in beat.names() if name not in MEANINGS]
    leases = single_flight.running(now)
    rows = [_row(name, now, leases.get(name)) for name in (*known, *others)]
    is_awaited = any(row.is_busy and row.past[0].run.by for row in rows)
    context = {
        "rows": rows,
        "now": now,
        "every": _EVERY_S if is_awaited else None,
        "held": [_held_row(actor, held) for held in mass_expiry.all_held()],
        "may_run": actor.may(Action.SCHEDULE_RUN),
        "is_followed": state.is_led(),
        "as_of": state.as_of(),
        "tab": "schedules",
    }
    return page(request, "schedules/list.html", context, fragment="rows")


def _held_row(actor: Actor, held: HeldExpiry) -> HeldRow:
    is_seen = actor.sees(held.organization.internal_id)
    return HeldRow(
        organization=held.organization,
        count=len(held.rows),
        held_at=held.held_at,
        released_at=held.released_at,
        released_by=held.released_by if is_seen else "",
        is_seen=is_seen,
    )


@gate.page(Action.SCHEDULE_RUN)
@post_only
def schedule_run(request: HttpRequest, name: str) -> HttpResponse:
    """Ask a worker to run the schedule now."""
    actor = gate.actor_of(request)
    # Asked before the request, whose own run could have begun otherwise.
    is_running = name in single_flight.running(timezone.now())
    try:
        runs.request_run(name, actor.label)
    except (Conflict, Unavailable) as error:
        messages.error(request, error.message)
        return _after(request)
    record.record(
        action="schedule:run",
        summary=f"Run “{title(name)}” by hand.",
        actor=actor,
        organization_id=actor.organization_id,
    )
    after = "It starts when the running one ends." if is_running else ""
    messages.info(request, f"{title(name)} is queued for a worker. {after}".strip())
    return _after(request)


def _after(request: HttpRequest) -> HttpResponse:
    """Return the rows for htmx, so that open rows stay open; else redirect."""
    return _render_list(request) if wants_fragment(request) else redirect("schedules")


def _row(name: str, now: datetime, lease: ScheduleLease | None) -> ScheduleRow:
    past = [
        RunView(run, run_badge(run, now), run.error or result_text(name, run.result))
        for run in runs.latest(name)[:_MAX_RUNS]
    ]
    return ScheduleRow(
        name=name,
        title=title(name),
        meaning=meaning(name),
        next_at=beat.next_run(name, now),
        past=past,
        lease=lease,
    )
