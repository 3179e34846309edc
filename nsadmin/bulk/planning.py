"""What a bulk change would do to one namespace; nothing is written there."""

from dataclasses import dataclass, field

from nsadmin.access.actor import Actor
from nsadmin.bulk.asked import Asked, patch_for
from nsadmin.bulk.models import State
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.plans import approvals
from nsadmin.plans import service as plans
from nsadmin.plans.endings import Deletion, ExpiryChange
from nsadmin.plans.requests import Wanted

Warnings = list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Planned:
    """One namespace of a bulk change: its state, and what is said of it.

    `warnings` are sentences, each with whether it needs a tick. `needs_second` says
    that only a person other than its maker can confirm it.
    """

    state: State
    name: str = ""
    steps: list[str] = field(default_factory=list)
    warnings: Warnings = field(default_factory=list)
    message: str = ""
    plan_id: str = ""
    needs_second: bool = False


def planned(actor: Actor, asked: Asked, namespace_id: str) -> Planned:
    """Plan the change for a namespace and keep the plan; a refusal is a state as well.

    The plan is not kept if there is nothing to change.
    """
    name = ""
    try:
        view = queries.get_stored(actor, namespace_id, action=asked.action)
        name = view.namespace.label
        wanted, kept = _wanted(asked, view.namespace)
        return _planned(actor, view.namespace, wanted, kept)
    except NsadminError as refusal:
        name = name or _visible_name(actor, namespace_id)
        return Planned(State.BLOCKED, name, message=refusal.message)


def _visible_name(actor: Actor, namespace_id: str) -> str:
    """Return the name of a namespace that the actor sees; empty for any other."""
    names = queries.visible(actor).filter(namespace_id=namespace_id)
    return names.values_list("name", flat=True).first() or ""


def _wanted(asked: Asked, namespace: Namespace) -> tuple[Wanted, list[str]]:
    """Return the request for one namespace, and what it leaves, in sentences."""
    if asked.kind == "expiry":
        return ExpiryChange(asked.expires_at), []
    if asked.kind == "delete":
        return Deletion(), []
    patch, kept = patch_for(asked, namespace)
    return PatchRequest(patch), kept


def _planned(
    actor: Actor, namespace: Namespace, wanted: Wanted, kept: list[str]
) -> Planned:
    shown = plans.plan_now(actor, namespace.namespace_id, wanted)
    if shown.plan.is_empty:
        message = " ".join(kept) or "Everything is already as requested."
        return Planned(State.UNCHANGED, namespace.label, message=message)
    if shown.qdrant_silent:
        raise Unavailable("Qdrant does not answer. Make the plan again once it does.")
    saved = plans.keep_shown(actor, shown, wanted, source="bulk")
    warnings = [
        (warning.sentence, warning.needs_tick) for warning in shown.plan.warnings
    ]
    warnings += [(sentence, False) for sentence in kept]
    needs_second = approvals.needed(actor, saved, wanted, shown) is not None
    return Planned(
        State.PLANNED,
        namespace.label,
        steps=[step.sentence() for step in shown.plan.steps],
        warnings=warnings,
        plan_id=saved.plan_id,
        needs_second=needs_second,
    )
