"""Dismiss advice with a reason, and restore it."""

from typing import get_args

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.advice import evidence
from nsadmin.advice.models import Dismissal
from nsadmin.advice.rules import Kind
from nsadmin.audit import record
from nsadmin.errors import Invalid
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.payload_indexes import clean_field_name

MAX_REASON = 500


def dismiss(
    actor: Actor, namespace_id: str, *, kind: str, field: str, reason: str
) -> Dismissal:
    """Hide one piece of advice; a repetition replaces the reason.

    Raises Invalid without a reason.
    """
    view = queries.get_stored(actor, namespace_id, action=Action.NAMESPACE_UPDATE)
    if kind not in get_args(Kind):
        sentence = "This kind of advice does not exist."
        raise Invalid.at("kind", sentence)
    why = _reason(reason)
    clean_field_name(field, at="field_name")
    row, _ = Dismissal.objects.update_or_create(
        namespace_id=view.namespace.namespace_id,
        field_name=field,
        kind=kind,
        defaults={"reason": why, "actor_label": actor.label},
    )
    evidence.forget_count(view.namespace)
    _note(actor, view, f"Dismiss the advice on {field}. Reason: {why}")
    return row


def _reason(written: str) -> str:
    reason = written.strip()
    if reason and len(reason) <= MAX_REASON:
        return reason
    long = f"The reason may have at most {MAX_REASON} characters."
    sentence = long if reason else "Give a reason."
    raise Invalid.at("reason", sentence)


def restore(actor: Actor, namespace_id: str, *, kind: str, field: str) -> bool:
    """Show the advice again; False if it was not dismissed."""
    view = queries.get_stored(actor, namespace_id, action=Action.NAMESPACE_UPDATE)
    gone, _ = Dismissal.objects.filter(
        namespace_id=view.namespace.namespace_id, field_name=field, kind=kind
    ).delete()
    if gone:
        evidence.forget_count(view.namespace)
        _note(actor, view, f"Show the advice on {field} again.")
    return bool(gone)


def _note(actor: Actor, view: NamespaceView, summary: str) -> None:
    record.record(
        action="advice:dismiss",
        summary=summary,
        actor=actor,
        organization_id=view.organization_id,
        namespace_id=view.namespace.namespace_id,
        namespace_name=view.namespace.name,
    )
