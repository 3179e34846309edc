"""Repair: the plan that makes Qdrant match the declaration."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.namespace.forms.repair import RepairForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form
from nsadmin.pages.plans.form_pages import FormPage, form_page

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
    """Make the plan of the repair."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_UPDATE)
    form = RepairForm(request.POST if request.method == "POST" else request.GET)
    return handle_plan_form(
        request,
        PlanForm(view, form, PAGE, "namespaces/repair.html"),
    )
