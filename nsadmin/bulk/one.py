"""Carrying a bulk change out for one namespace."""

from typing import Final

from nsadmin.access.actor import Actor
from nsadmin.access.organization import second_person
from nsadmin.bulk.models import BulkItem, State
from nsadmin.errors import NsadminError, PlanChanged
from nsadmin.namespaces.change.commit import Outcome
from nsadmin.plans import finding
from nsadmin.plans import service as plans
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.shown import tick_of

WAITS: Final = "Another person confirms it on the page of its plan."


def carry_out(actor: Actor, item: BulkItem, *, approves: bool) -> None:
    """Confirm the item's plan as it was reviewed; set its state and message.

    A refusal is a state as well. `approves` is that of `plans.service.confirm`.
    """
    try:
        saved = finding.find(actor, item.namespace_id, item.plan_id)
        if saved.is_confirmed:
            _elsewhere(item, saved)
            return
        ticks = {tick_of(text) for text, needs_tick in item.warnings if needs_tick}
        _done(item, plans.confirm(actor, saved, ticks=ticks, approves=approves))
    except PlanChanged:
        item.state = State.FAILED
        item.message = "It was changed since the review. Its plan shows what is new."
    except NsadminError as refusal:
        waits = refusal.code == second_person.CODE
        item.state = State.WAITING if waits else State.FAILED
        item.message = WAITS if waits else refusal.message


def _elsewhere(item: BulkItem, saved: SavedPlan) -> None:
    item.state, item.op_id = State.DONE, saved.op_id
    item.message = "Its plan was confirmed already."


def _done(item: BulkItem, outcome: Outcome) -> None:
    item.op_id, item.task_id, item.message = outcome.op_id, outcome.task_id, ""
    if outcome.task_id:
        item.state = State.STARTED
    elif outcome.converged:
        item.state = State.DONE
    else:
        item.state = State.ACCEPTED
        item.message = outcome.error and f"Qdrant reported: {outcome.error}"
