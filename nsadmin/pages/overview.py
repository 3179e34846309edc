"""The overview of a namespace and its live panel."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.health import clusters
from nsadmin.namespaces import history, present, queries
from nsadmin.namespaces.bounds import MAX_INDEXES
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.queries import NamespaceView
from nsadmin.pages.health import Panel, panel_of, polled_panel
from nsadmin.pages.htmx import page, unchanged, wants_fragment
from nsadmin.pages.infrastructure import facts
from nsadmin.pages.scope import may, namespace_scope
from nsadmin.pages.states import HEALTH, OUTCOMES, TIERS
from nsadmin.pages.timeline import timeline

TEMPLATE = "namespaces/overview.html"
_FIRST_INDEXES = 8


@gate.page(Action.NAMESPACE_READ)
@require_safe
def overview(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show a namespace whole: what it is, how Qdrant is, what changed last."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    panel = panel_of(request, view)
    events = queries.audit_of(actor, view)
    context = {
        **namespace_scope(view),
        **_parts(view, panel),
        "panel": panel,
        "past": timeline(history.slots(view.namespace.namespace_id), timezone.now()),
        "server": clusters.look_of(view.namespace),
        "counts": view.counts,
        "events": [(event, OUTCOMES[event.outcome]) for event in events],
        "changed_by": next(
            (e.actor_label for e in events if e.revision == view.namespace.revision), ""
        ),
        "source": _source(request, view),
        "may_change": may(actor, Action.NAMESPACE_UPDATE, view),
    }
    return page(request, TEMPLATE, context)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def health(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Answer the live panel's polling; without htmx lead to the page around it.

    What looks as it did is 204, with the time of the look in an event.
    """
    actor = gate.actor_of(request)
    if not wants_fragment(request):
        view = queries.get(actor, namespace_id)
        return redirect("overview", view.namespace.namespace_id)
    panel = polled_panel(request, actor, namespace_id)
    if request.GET.get("seen") == panel.seen:
        return unchanged({"looked": panel.looked})
    return page(request, TEMPLATE, {"panel": panel}, fragment="health")


def _parts(view: NamespaceView, panel: Panel) -> dict[str, Any]:
    """Return what the cards show; own indexes first, missing ones before all."""
    namespace = view.namespace
    rows = present.index_rows(namespace, panel.snapshot)
    changeable = [row for row in rows if row.can_change]
    missing = [row for row in rows if row.state == "missing"]
    ordered = sorted(changeable or rows, key=lambda row: row.state != "missing")
    vectors = present.vector_rows(namespace, panel.snapshot)
    return {
        "clone_state": HEALTH.get(namespace.clone_status or ""),
        "tier": TIERS[namespace.tier],
        "facts": facts(namespace),
        "indexes": ordered[:_FIRST_INDEXES],
        "changeable_count": len(changeable),
        "index_limit": MAX_INDEXES,
        "missing_indexes": missing,
        "missing_vectors": [v for v in vectors if v.state == "missing"],
        "extractors": [
            (entry, [v for v in vectors if v.extractor_id == entry.id])
            for entry in namespace.extractors
        ],
    }


def _source(request: HttpRequest, view: NamespaceView) -> MirroredNamespace | None:
    """Return the namespace this one was cloned from, if the actor may know of it."""
    source_id = view.namespace.source_namespace_id
    if source_id is None:
        return None
    rows = queries.visible(gate.actor_of(request))
    return rows.filter(namespace_id=source_id).first()
