"""The overview of a namespace and its live panel."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health.sampling import cluster_probe
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import history, lookups, queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.badges import TIERS, health_badge
from nsadmin.pages.common.charts.timeline import timeline
from nsadmin.pages.common.failing_items import notes_for
from nsadmin.pages.common.htmx import add_message, page, unchanged, wants_fragment
from nsadmin.pages.common.move_note import move_context
from nsadmin.pages.namespace.facts import facts
from nsadmin.pages.namespace.overview.changes import recent_changes
from nsadmin.pages.namespace.overview.live import TEMPLATE, around, live_parts
from nsadmin.pages.namespace.overview.panel import panel_of, polled_panel
from nsadmin.plans import finding


@gate.page(Action.NAMESPACE_READ)
@require_safe
def overview(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show a namespace: its settings, its state in Qdrant, its last changes."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    panel = panel_of(request, view)
    events = queries.audit_of(actor, view)
    context = {
        **live_parts(request, view, panel),
        "past": timeline(history.slots(view.namespace.namespace_id), timezone.now()),
        "server": cluster_probe.last_probe(view.namespace),
        "recent": recent_changes(view.namespace.namespace_id, events),
        "changed_by": next(
            (e.actor_label for e in events if e.revision == view.namespace.revision), ""
        ),
        "clone_state": health_badge(
            view.namespace.clone_status or "", view.namespace.clone_error or ""
        ),
        "tier": TIERS[view.namespace.tier],
        "facts": facts(view.namespace),
        "source": _source(request, view),
        "open_plans": finding.open_of(actor, view).count(),
        "failing": notes_for(actor, view),
        **move_context(actor, view.namespace),
    }
    return page(request, TEMPLATE, context)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def health(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Return the live panel for its polls; without htmx redirect to the page.

    An unchanged panel is 204, with the time of the answer in an event. Another event
    makes the page ask for the parts `around` the panel once they have changed.
    """
    actor = gate.actor_of(request)
    if not wants_fragment(request):
        view = queries.get(actor, namespace_id)
        return redirect("overview", view.namespace.namespace_id)
    if "around" in request.GET:
        return around(request, namespace_id)
    panel = polled_panel(request, actor, namespace_id)
    events: dict[str, Any] = {"looked": panel.looked}
    if request.GET.get("shown") != panel.shown_around:
        events["moved"] = {}
    if request.GET.get("seen") == panel.seen:
        return unchanged(events)
    context = {"panel": panel, "beside": True}
    response = page(request, TEMPLATE, context, fragment="health")
    return add_message(response, events)


def _source(request: HttpRequest, view: NamespaceView) -> MirroredNamespace | None:
    """Return the source of a clone; None if the actor cannot see it."""
    source_id = view.namespace.source_namespace_id
    if source_id is None:
        return None
    return lookups.mirrored(gate.actor_of(request), source_id)
