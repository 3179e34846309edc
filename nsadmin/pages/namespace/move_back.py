"""Moving a namespace back to where its last move found it: the plan, then the job."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.moves import back
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, preview_form
from nsadmin.pages.plans.form_pages import FormPage, form_page

_WRITE = Action.NAMESPACE_INFRASTRUCTURE


class MoveBackForm(ChangeForm):
    """Whether writes pause; the rest of the request is stored."""

    pause_writes = forms.BooleanField(required=False)


def _wanted(actor: Actor, view: NamespaceView, form: MoveBackForm) -> PatchRequest:
    pauses = form.cleaned_data["pause_writes"]
    own_id = view.namespace.namespace_id
    return back.request_of(actor, own_id, None, pause_writes=pauses)


PAGE = form_page(
    FormPage(
        "move_back",
        lambda sent: MoveBackForm(sent.data),
        _wanted,
        after="tier",
        edits=False,
    )
)


@gate.page(_WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
def move_back(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the way back; a POST keeps the plan of it, which starts the job."""
    actor = gate.actor_of(request)
    form = MoveBackForm(request.POST if request.method == "POST" else {})
    view = editable(actor, namespace_id, _WRITE)
    if request.method != "POST" and back.way_back(view.namespace) is None:
        messages.info(request, "There is no old collection to move back to.")
        return redirect("tier", namespace_id)
    plan_form = PlanForm(view, form, PAGE, "namespaces/move_back.html")
    if request.method == "POST":
        return handle_plan_form(request, plan_form)
    return preview_form(request, plan_form)
