"""Drift of a namespace: what is wanted, what Qdrant has and what lists show."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.health import drifting
from nsadmin.health.drift import Drift
from nsadmin.namespaces import queries
from nsadmin.pages.forms.repair import PARTS
from nsadmin.pages.scope import may, namespace_scope

_GROUPS = (
    (("collection",), "No collection in Qdrant"),
    (("missing",), "Missing in Qdrant"),
    (("wrong",), "Another in Qdrant"),
    (("extra",), "Declared by nobody"),
    (("clone", "look"), "For you to decide"),
    (("by itself",), "Comes right by itself"),
)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def drift(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Compare now; each group has the repair that goes through a plan."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    snapshot = queries.snapshot(view)
    found = [] if view.from_mirror else drifting.look(view.namespace, snapshot)
    context = {
        **namespace_scope(view),
        "snapshot": snapshot,
        "is_known": snapshot is not None and snapshot.ok and not view.from_mirror,
        "groups": [
            (title, rows, _repair(rows))
            for ways, title in _GROUPS
            if (rows := [d for d in found if d.way in ways])
        ],
        "count": len(found),
        "may_change": may(actor, Action.NAMESPACE_UPDATE, view),
    }
    return render(request, "namespaces/drift.html", context)


def _repair(rows: list[Drift]) -> tuple[str, str] | None:
    """Return the part of the repair that settles the rows, and its words."""
    part = rows[0].way
    return (part, PARTS[part]) if part in PARTS else None
