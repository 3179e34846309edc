"""The history as one list of acts, in the order in which they happened."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from nsadmin.audit import clock
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.embedded.seed.data.people import NORTHLIGHT
from nsadmin.embedded.seed.history import (
    changes,
    jobs,
    kept_plans,
    notifications,
    programs,
    sessions,
    templates,
)
from nsadmin.embedded.seed.history.people import actor_of
from nsadmin.embedded.seed.history.times import ago
from nsadmin.embedded.seed.write import marks
from nsadmin.namespaces.change import recovery
from nsadmin.namespaces.listing import saved_views
from nsadmin.namespaces.mirror import comparison

Act = tuple[datetime, Callable[[datetime], object]]
Report = Callable[[str], None]

_WAIT_S: Final = 60.0
_PAUSE_S: Final = 0.5

# Filters of the list, by the name of the view.
_VIEWS = {
    "Out of sync": ("noor", "differs=1", False),
    "Largest first": ("noor", "sort=documents&order=desc", False),
    "Created lately": (
        "marco",
        "sort=created&order=desc&columns=created%2Cexpires",
        False,
    ),
}


def write_history(now: datetime, report: Report, *, wait_s: float = _WAIT_S) -> bool:
    """Let the acts of the past days happen, oldest first, and keep some views.

    Returns whether anything was left to write. A history that was cut off goes on after
    the act that was cut; all that follows is later than what there is. An act that
    fails is left out and reported: the demo starts without it. `wait_s` is how long all
    acts together wait for a slow Qdrant.
    """
    begun = marks.begun_acts()
    if begun is None:
        return False
    _try("comparison of the mirror", comparison.reconcile, report)
    give_up = time.monotonic() + wait_s
    for moment, act in sorted(_acts(now), key=lambda entry: entry[0]):
        name = act.__name__.replace("_", " ")
        if name in begun:
            continue
        marks.act_begins(name)
        with clock.set_to(moment):
            # Before the act as well: one that was cut off may have left changes open.
            _try(f"wait before {name}", partial(_catch_up, give_up), report)
            _try(name, partial(act, moment), report)
            _try(f"wait after {name}", partial(_catch_up, give_up), report)
    for view in _VIEWS:
        _try(f"view {view}", partial(_save_view, view), report)
    marks.history_written(now)
    return True


def _try(name: str, part: Callable[[], object], report: Report) -> None:
    try:
        part()
    except Exception as failure:  # noqa: BLE001 - without one part, the demo still starts
        reason = " ".join(str(failure).split()) or type(failure).__name__
        report(f"history: {name} left out: {reason}")


def _catch_up(give_up: float) -> None:
    """Wait until Qdrant shows the changes that were begun: later acts build on them."""
    unfinished = (Outcome.ATTEMPTED, Outcome.ACCEPTED)
    rows = AuditEvent.objects.filter(outcome__in=unfinished)
    while rows.exists() and time.monotonic() < give_up:
        if not recovery.heal():
            time.sleep(_PAUSE_S)


def _acts(now: datetime) -> list[Act]:
    return [
        (ago(now, days=6, at="09:12"), changes.describe_weather),
        (ago(now, days=6, at="10:40"), changes.invite_ines),
        (ago(now, days=6, at="11:30"), changes.pause_automatic_indexes),
        (ago(now, days=5, at="14:20"), sessions.help_northlight),
        (ago(now, days=5, at="16:02"), changes.index_cities),
        (ago(now, days=4, at="09:20"), changes.revert_cities),
        (ago(now, days=4, at="11:05"), changes.index_seasons),
        (ago(now, days=4, at="15:30"), changes.describe_languages),
        (ago(now, days=3, at="08:55"), changes.drop_seasons),
        (ago(now, days=3, at="10:30"), programs.let_a_program_bring_weather),
        (ago(now, days=3, at="13:10"), changes.describe_heritage),
        (ago(now, days=2, at="09:48"), jobs.clone_heritage),
        (ago(now, days=2, at="11:20"), changes.resume_automatic_indexes),
        (ago(now, days=2, at="15:10"), templates.save_word_lists),
        (ago(now, days=2, at="16:25"), jobs.cancel_a_clone),
        (ago(now, days=1, at="10:15"), changes.protect_the_archive),
        (ago(now, days=1, at="11:40"), templates.save_reports),
        (ago(now, days=1, at="14:02"), kept_plans.confirm_the_plan_of_marco),
        (ago(now, hours=6), notifications.add_webhooks),
        (ago(now, hours=5), jobs.fail_a_clone),
        (ago(now, hours=3), changes.release_the_archive),
        (ago(now, minutes=50), kept_plans.plan_a_float_index),
        (ago(now, minutes=35), sessions.help_corvid),
        (ago(now, minutes=30), notifications.answer_webhooks),
        (now, jobs.delete_a_trial),
    ]


def _save_view(name: str) -> None:
    person, address, is_default = _VIEWS[name]
    actor = actor_of(person, NORTHLIGHT)
    saved_views.save(actor, actor.organization_id, name, address, is_default=is_default)
