"""Repair: the plan that makes Qdrant match the declaration."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.common.plan_flow import PlanForm, handle_plan_form
from nsadmin.pages.namespace.forms.repair import RepairForm


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the plan of the repair, then commit it."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_UPDATE)
    if request.POST.get("step") == "edit":
        return redirect("overview", view.namespace.namespace_id)
    form = RepairForm(request.POST if request.method == "POST" else request.GET)
    return handle_plan_form(
        request,
        PlanForm(view, form, lambda _now: form.repair(), "namespaces/repair.html"),
    )
