"""Reverting a change from its audit row: the inverse plan, then its commit."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.audit import search
from nsadmin.errors import NotFound
from nsadmin.namespaces.plan.revert import revert_of
from nsadmin.namespaces.read import queries
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.common.plan_flow import PlanForm, handle_plan_form


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def revert(request: HttpRequest, namespace_id: str, op_id: str) -> HttpResponse:
    """Show the plan that reverts a change, then commit it."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    if request.POST.get("step") == "edit":
        return redirect("audit", view.namespace.namespace_id)
    event = search.written_update(queries.audit_rows(actor, view), op_id)
    if event is None:
        raise NotFound("This namespace has no such completed change.")
    plan_form = PlanForm(
        view,
        ChangeForm(request.POST),
        lambda _now: revert_of(event.op_id, event.changes),
        "namespaces/audit_revert.html",
        {"event": event},
    )
    return handle_plan_form(request, plan_form)
