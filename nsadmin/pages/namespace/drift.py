"""Drift of a namespace: differences between its declaration, Qdrant and lists."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health.drift import drift_scan, vector_coverage
from nsadmin.health.drift.drift import Drift
from nsadmin.health.models import DriftRow
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.read.snapshots import Snapshot
from nsadmin.pages.common.page_context import may, namespace_scope
from nsadmin.pages.namespace.forms.repair import PARTS

_GROUPS = (
    (("collection",), "No collection in Qdrant"),
    (("missing",), "Missing in Qdrant"),
    (("process",), "Missing from every point"),
    (("wrong",), "Different in Qdrant"),
    (("extra",), "Not declared"),
    (("reference",), "Broken references"),
    (("clone", "look"), "Needs a decision"),
    (("by itself",), "Resolves automatically"),
)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def drift(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Compare now and show the differences in groups, each with its repair.

    While a store does not answer, the last stored differences are shown, without
    repairs.
    """
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    snapshot = queries.snapshot(view)
    is_known = snapshot is not None and snapshot.ok and not view.from_mirror
    found = _differences(view, snapshot, is_known=is_known)
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


def _differences(
    view: NamespaceView, snapshot: Snapshot | None, *, is_known: bool
) -> Sequence[Drift | DriftRow]:
    if not is_known:
        return drift_scan.stored_drift(view.namespace)
    return drift_scan.scan_namespace(
        view.namespace,
        vector_coverage.refreshed(view.namespace, snapshot),
        references="resources",
    )


def _repair(part: str) -> tuple[str, str] | None:
    """Return the repair of these rows and its label; None if there is none."""
    return (part, PARTS[part]) if part in PARTS else None
