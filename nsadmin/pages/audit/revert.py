"""Reverting a change from its audit row: the inverse plan, then its commit."""

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.audit import search
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import NotFound
from nsadmin.namespaces.plan.revert import Revert
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, preview_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, is_form_page
from nsadmin.plans.endings import ExpiryChange
from nsadmin.plans.requests import reverting


class RevertForm(ChangeForm):
    """The operation to revert, and the page to return to."""

    op_id = forms.CharField(max_length=64, widget=forms.HiddenInput)
    back = forms.SlugField(max_length=40, required=False, widget=forms.HiddenInput)


def _wanted(
    actor: Actor, view: NamespaceView, form: RevertForm
) -> Revert | ExpiryChange:
    return reverting(_event(actor, view, form.cleaned_data["op_id"]))


def _event(actor: Actor, view: NamespaceView, op_id: str) -> AuditEvent:
    event = search.written_update(queries.audit_rows(actor, view), op_id)
    if event is None:
        raise NotFound("This namespace has no such completed change.")
    return event


PAGE = form_page(
    FormPage(
        "revert",
        lambda sent: RevertForm(sent.data),
        _wanted,
        after="audit",
        back="back",
        edits=False,
    )
)


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def revert(request: HttpRequest, namespace_id: str, op_id: str) -> HttpResponse:
    """Show what would revert a change; a POST keeps the plan of it.

    `?back=` names the page to return to.
    """
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    event = _event(actor, view, op_id)
    data = QueryDict(mutable=True)
    data["op_id"] = event.op_id
    if is_form_page(back := request.GET.get("back", "")):
        data["back"] = back
    template, context = "namespaces/audit_revert.html", {"event": event}
    plan_form = PlanForm(view, RevertForm(data), PAGE, template, context)
    if request.method == "POST":
        return handle_plan_form(request, plan_form)
    return preview_form(request, plan_form)
