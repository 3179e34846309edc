"""Repair: the plan that makes Qdrant match the declaration."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.namespace.forms.repair import RepairForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, preview_form
from nsadmin.pages.plans.form_pages import FormPage, form_page

_TEMPLATE = "namespaces/repair.html"
PAGE = form_page(
    FormPage(
        "repair",
        lambda sent: RepairForm(sent.data),
        lambda _actor, _view, form: form.repair(),
        after="drift",
        edits=False,
    )
)


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show what would be repaired; a POST keeps the plan of it."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_UPDATE)
    if request.method == "POST":
        form = RepairForm(request.POST)
        return handle_plan_form(request, PlanForm(view, form, PAGE, _TEMPLATE))
    form = RepairForm(request.GET)
    context = {"parts": request.GET.getlist("parts")}
    return preview_form(request, PlanForm(view, form, PAGE, _TEMPLATE, context))
