"""Changing the expiry of a namespace; its form is on the settings page.

A later expiry, or none, is harmless and takes effect at once. A first or an earlier one
ends in a deletion and becomes a plan.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.audit.record import new_op_id
from nsadmin.errors import Conflict, Forbidden, Invalid, Unavailable
from nsadmin.namespaces.change.commit import Outcome
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.done import SeeOther, say_done
from nsadmin.pages.common.page_context import editable
from nsadmin.pages.namespace.forms.expiry import EndForm
from nsadmin.pages.namespace.settings import EXPIRY, filled_plan_form
from nsadmin.pages.plans.flow import PlanForm, keep_plan, show_form
from nsadmin.plans.endings import ExpiryChange


@gate.page(Action.NAMESPACE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def expiry(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Plan an earlier expiry, or set a later one; the settings page shows errors."""
    view = editable(gate.actor_of(request), namespace_id, Action.NAMESPACE_UPDATE)
    if request.method != "POST":
        return redirect(_address(view))
    form = EndForm(request.POST)
    shown = filled_plan_form(request, view, ending=form)
    if not form.is_valid():
        return show_form(request, shown, status=422)
    try:
        change = ExpiryChange(form.end())
        if change.guard(view.namespace) is not None:
            return keep_plan(request, _plan_form(shown, form))
        return _extended(request, view, change)
    except (Invalid, Conflict, Forbidden, Unavailable) as error:
        form.take(error)
        return show_form(request, shown, status=error.status)


def _plan_form(shown: PlanForm, form: EndForm) -> PlanForm:
    """Return the form of the expiry as the settings page shows it."""
    return PlanForm(shown.view, form, EXPIRY, shown.template, shown.context)


def _extended(
    request: HttpRequest, view: NamespaceView, change: ExpiryChange
) -> HttpResponse:
    own_id = view.namespace.namespace_id
    actor = gate.actor_of(request)
    shown = change.preview(actor, own_id)
    if shown.plan.is_empty:
        outcome = Outcome(view, shown.plan, "", converged=True)
    else:
        outcome = change.carry_out(
            actor, own_id, digest=shown.plan.digest, op_id=new_op_id(), approval=None
        )
    say_done(request, outcome, page="settings")
    return SeeOther(_address(view))


def _address(view: NamespaceView) -> str:
    return f"{reverse('settings', args=[view.namespace.namespace_id])}#expiry"
