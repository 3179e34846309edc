"""What a bulk change would do to one namespace; nothing is written there."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from nsadmin.access.actor import Actor
from nsadmin.bulk.asked import Asked, patch_for
from nsadmin.bulk.models import State
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.change import blockers, commit
from nsadmin.namespaces.lifecycle import expiry
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.plans import service as plans


@dataclass(frozen=True, slots=True)
class Planned:
    """One namespace of a bulk change: its state, and what is said of it.

    `warnings` are sentences, each with whether it needs a tick.
    """

    state: State
    name: str = ""
    steps: list[str] = field(default_factory=list)
    warnings: list[tuple[str, bool]] = field(default_factory=list)
    message: str = ""
    plan_id: str = ""


def planned(actor: Actor, asked: Asked, namespace_id: str) -> Planned:
    """Return what the change would do to a namespace; a refusal is a state as well.

    A plan is kept for what becomes one.
    """
    name = ""
    try:
        view = queries.get_stored(actor, namespace_id, action=asked.action)
        name = view.namespace.label
        if asked.is_planned:
            return _by_plan(actor, asked, view)
        if asked.kind == "expiry":
            return _expiring(actor, asked, view.namespace)
        return _deleted(actor, view)
    except NsadminError as refusal:
        return Planned(State.BLOCKED, name, message=refusal.message)


def _by_plan(actor: Actor, asked: Asked, view: NamespaceView) -> Planned:
    namespace = view.namespace
    patch, kept = patch_for(asked, namespace)
    request = PatchRequest(patch)
    shown = commit.preview(actor, namespace.namespace_id, request)
    if shown.plan.is_empty:
        message = " ".join(kept) or "Everything is already as requested."
        return Planned(State.UNCHANGED, namespace.label, message=message)
    if shown.qdrant_silent:
        raise Unavailable("Qdrant does not answer. Make the plan again once it does.")
    saved = plans.keep_shown(actor, shown, request, source="bulk")
    return Planned(
        State.PLANNED,
        namespace.label,
        steps=[step.sentence() for step in shown.plan.steps],
        warnings=[
            *(
                (warning.sentence, warning.needs_tick)
                for warning in shown.plan.warnings
            ),
            *((sentence, False) for sentence in kept),
        ],
        plan_id=saved.plan_id,
    )


def _expiring(actor: Actor, asked: Asked, namespace: Namespace) -> Planned:
    end = asked.expires_at
    if namespace.expires_at == end:
        already = "It never expires." if end is None else "It expires then already."
        return Planned(State.UNCHANGED, namespace.label, message=already)
    expiry.require_allowed(actor, namespace, end)
    before = namespace.expires_at
    was = f" (now {before:%-d %b %Y %H:%M} UTC)" if before else ""
    warnings: list[tuple[str, bool]] = []
    if end is not None:
        days = max(1, round((end - datetime.now(UTC)).total_seconds() / 86_400))
        plural = "day" if days == 1 else "days"
        sentence = f"It and its contents are deleted in {days:,} {plural}."
        warnings = [(sentence, expiry.is_sooner(end, before))]
    return Planned(State.PLANNED, namespace.label, [f"{asked.title}{was}."], warnings)


def _deleted(actor: Actor, view: NamespaceView) -> Planned:
    namespace = view.namespace
    blockers.require_not_deleting(namespace)
    blockers.require_unprotected(namespace)
    blockers.require_unused(actor, namespace)
    documents = view.counts.documents
    count = "its documents" if documents is None else f"{documents:,} documents"
    step = f"Delete it with {count}. Admins can restore it for some days."
    return Planned(State.PLANNED, namespace.label, [step])
