"""Carrying a bulk change out for one namespace."""

from nsadmin.access.actor import Actor
from nsadmin.bulk.asked import Asked
from nsadmin.bulk.models import BulkItem, State
from nsadmin.errors import NsadminError, PlanChanged
from nsadmin.namespaces.lifecycle import expiry, tombstones
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.plans import service as plans
from nsadmin.plans.shown import tick_of


def carry_out(actor: Actor, asked: Asked, item: BulkItem) -> None:
    """Change the namespace as it was reviewed; set the item's state and message.

    A refusal is a state as well.
    """
    try:
        if asked.is_planned:
            _by_plan(actor, item)
        elif asked.kind == "expiry":
            _done(item, expiry.extend(actor, item.namespace_id, asked.expires_at))
        else:
            _done(item, tombstones.soft_delete(actor, item.namespace_id))
    except PlanChanged:
        item.state = State.FAILED
        item.message = "It was changed since the review. Its plan shows what is new."
    except NsadminError as refusal:
        item.state, item.message = State.FAILED, refusal.message


def _done(item: BulkItem, view: NamespaceView) -> None:
    changes = view.raw.get("changes") or [{}]
    item.state, item.message = State.DONE, ""
    item.op_id = str(changes[-1].get("op_id", ""))


def _by_plan(actor: Actor, item: BulkItem) -> None:
    """Confirm the kept plan, with the warnings that were accepted in the review."""
    saved = plans.find(actor, item.namespace_id, item.plan_id)
    if saved.is_confirmed:
        item.state, item.op_id = State.DONE, saved.op_id
        item.message = "Its plan was confirmed on its own page."
        return
    ticks = {tick_of(text) for text, needs_tick in item.warnings if needs_tick}
    outcome = plans.confirm(actor, saved, ticks=ticks)
    item.op_id, item.task_id, item.message = outcome.op_id, outcome.task_id, ""
    if outcome.task_id:
        item.state = State.STARTED
    elif outcome.converged:
        item.state = State.DONE
    else:
        item.state = State.ACCEPTED
        item.message = outcome.error and f"Qdrant reported: {outcome.error}"
