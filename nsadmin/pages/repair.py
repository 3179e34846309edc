"""Repair: the plan that adds every vector and index that Qdrant lacks."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access import gate
from nsadmin.access.permissions import Action
from nsadmin.namespaces.repair import Repair
from nsadmin.pages.forms.base import SheetForm
from nsadmin.pages.plans import Sheet, decide
from nsadmin.pages.scope import editable


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the plan, then carry it out; there is nothing to fill in before."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_UPDATE)
    if request.POST.get("step") == "edit":
        return redirect("overview", view.namespace.namespace_id)
    form = SheetForm(request.POST)
    return decide(
        request, Sheet(view, form, lambda _now: Repair(), "namespaces/repair.html")
    )
