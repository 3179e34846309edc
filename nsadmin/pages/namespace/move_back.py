"""Moving a namespace back to where its last move found it: the plan, then the job."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.moves import back
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.common.plan_flow import PlanForm, handle_plan_form

_WRITE = Action.NAMESPACE_INFRASTRUCTURE


class MoveBackForm(ChangeForm):
    """Whether writes pause; the rest of the request is stored."""

    pause_writes = forms.BooleanField(required=False)


@gate.page(_WRITE, step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def move_back(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the plan of the way back; a confirmed one starts the job."""
    actor = gate.actor_of(request)
    if request.POST.get("step") == "edit":
        return redirect("tier", namespace_id)
    form = MoveBackForm(request.POST)

    def wanted(view: NamespaceView) -> PatchRequest:
        pauses = bool(form.data.get("pause_writes"))
        own_id = view.namespace.namespace_id
        return back.request_of(actor, own_id, None, pause_writes=pauses)

    view = editable(actor, namespace_id, _WRITE)
    if request.method != "POST" and back.way_back(view.namespace) is None:
        messages.info(request, "There is no old collection to move back to.")
        return redirect("tier", namespace_id)
    plan_form = PlanForm(view, form, wanted, "namespaces/move_back.html")
    return handle_plan_form(request, plan_form)
