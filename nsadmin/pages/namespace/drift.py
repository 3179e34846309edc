"""Drift of a namespace: what is wanted, what Qdrant has and what lists show."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health import drift_scan, vector_coverage
from nsadmin.health.drift import Drift
from nsadmin.health.models import DriftRow
from nsadmin.namespaces.read import queries
from nsadmin.pages.common.page_context import may, namespace_scope
from nsadmin.pages.namespace.forms.repair import PARTS

_GROUPS = (
    (("collection",), "No collection in Qdrant"),
    (("missing",), "Missing in Qdrant"),
    (("process",), "On no point"),
    (("wrong",), "Another in Qdrant"),
    (("extra",), "Declared by nobody"),
    (("clone", "look"), "For you to decide"),
    (("by itself",), "Comes right by itself"),
)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def drift(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Compare now; each group has the repair that goes through a plan.

    While a store is silent this is what was found last, and nothing can be repaired.
    """
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    snapshot = queries.snapshot(view)
    is_known = snapshot is not None and snapshot.ok and not view.from_mirror
    found: Sequence[Drift | DriftRow] = (
        drift_scan.scan_namespace(
            view.namespace, vector_coverage.refreshed(view.namespace, snapshot)
        )
        if is_known
        else drift_scan.stored_drift(view.namespace)
    )
    context = {
        **namespace_scope(view),
        "snapshot": snapshot,
        "is_known": is_known,
        "groups": [
            (title, rows, _repair(rows[0].way))
            for ways, title in _GROUPS
            if (rows := [d for d in found if d.way in ways])
        ],
        "count": len(found),
        "may_change": is_known and may(actor, Action.NAMESPACE_UPDATE, view),
    }
    return render(request, "namespaces/drift.html", context)


def _repair(part: str) -> tuple[str, str] | None:
    """Return the part of the repair that settles rows of a way, and its words."""
    return (part, PARTS[part]) if part in PARTS else None
