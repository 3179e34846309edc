"""Repair: the plan that makes Qdrant match the declaration."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import Conflict, Invalid, Unavailable, UpstreamError
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.page_context import editable, say_when
from nsadmin.pages.namespace.forms.repair import RepairForm
from nsadmin.pages.plans import presenter
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page
from nsadmin.plans import service

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
    return _preview(request, view, RepairForm(request.GET))


def _preview(
    request: HttpRequest, view: NamespaceView, form: RepairForm
) -> HttpResponse:
    """Show the steps of the repair; nothing is kept."""
    if not form.is_valid():
        return show_form(request, PlanForm(view, form, PAGE, _TEMPLATE), status=422)
    own_id = view.namespace.namespace_id
    try:
        shown = service.plan_now(gate.actor_of(request), own_id, form.repair())
    except (Invalid, Conflict, Unavailable, UpstreamError) as error:
        form.take(error)
        refused = PlanForm(view, form, PAGE, _TEMPLATE)
        return say_when(show_form(request, refused, status=error.status), error)
    context: dict[str, Any] = {
        "steps": presenter.steps(shown.plan, []),
        "summary": presenter.summary(shown.plan),
        "parts": form.cleaned_data["parts"],
        "is_planned": True,
    }
    return show_form(request, PlanForm(view, form, PAGE, _TEMPLATE, context))
