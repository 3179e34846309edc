"""Schedules for staff: what each does, its runs and its next one, and running it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import posted
from nsadmin.audit import record
from nsadmin.errors import Conflict, Unavailable
from nsadmin.jobs.models import ScheduleRun
from nsadmin.jobs.schedules import beat, runs
from nsadmin.namespaces.lifecycle import mass_expiry
from nsadmin.pages.common.badges import Badge, run_badge
from nsadmin.pages.common.htmx import page, wants_fragment
from nsadmin.pages.platform.schedule_text import MEANINGS, meaning, result_text, title

_SHOWN_RUNS = 20
# A fragment is asked for again while something that was asked for by hand goes on.
_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class RunHistory:
    """One run as it is shown."""

    run: ScheduleRun
    state: Badge
    said: str

    @property
    def seconds(self) -> float | None:
        """How long it took; None until it has ended."""
        if self.run.started_at is None or self.run.ended_at is None:
            return None
        return (self.run.ended_at - self.run.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Row:
    """One schedule with its runs, the last one first."""

    name: str
    title: str
    meaning: str
    next_at: datetime
    past: list[RunHistory]

    @property
    def last(self) -> RunHistory | None:
        """The last run."""
        return self.past[0] if self.past else None

    @property
    def is_busy(self) -> bool:
        """Whether the last run has not ended and is not lost."""
        return self.last is not None and self.last.state.role in ("run", "idle")


@gate.page(Action.PLATFORM_READ)
@require_safe
def schedules(request: HttpRequest) -> HttpResponse:
    """Show every schedule."""
    return _shown(request)


def _shown(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    known = [name for name in MEANINGS if name in beat.names()]
    others = [name for name in beat.names() if name not in MEANINGS]
    rows = [_row(name, now) for name in (*known, *others)]
    is_awaited = any(row.is_busy and row.past[0].run.by for row in rows)
    context = {
        "rows": rows,
        "now": now,
        "every": _EVERY_S if is_awaited else None,
        "held": mass_expiry.all_held(),
        "may_run": gate.actor_of(request).may(Action.SCHEDULE_RUN),
        "tab": "",
    }
    return page(request, "schedules/list.html", context, fragment="rows")


@gate.page(Action.SCHEDULE_RUN)
@posted
def schedule_run(request: HttpRequest, name: str) -> HttpResponse:
    """Have a worker run it now."""
    actor = gate.actor_of(request)
    try:
        runs.ask(name, actor.label)
    except (Conflict, Unavailable) as error:
        messages.error(request, error.message)
        return _after(request)
    record.record(
        action="schedule:run",
        summary=f"Run “{title(name)}” by hand.",
        actor=actor,
        organization_id=actor.organization_id,
    )
    messages.info(request, f"{title(name)} was asked for; a worker takes it up.")
    return _after(request)


def _after(request: HttpRequest) -> HttpResponse:
    """Show the rows in place, so that what is open stays so; else lead to the page."""
    return _shown(request) if wants_fragment(request) else redirect("schedules")


def _row(name: str, now: datetime) -> Row:
    past = [
        RunHistory(run, run_badge(run, now), run.error or result_text(name, run.result))
        for run in runs.latest(name)[:_SHOWN_RUNS]
    ]
    return Row(name, title(name), meaning(name), beat.next_run(name, now), past)
