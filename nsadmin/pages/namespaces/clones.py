"""Cloning a namespace: the form that becomes a plan."""

from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.clones import start
from nsadmin.clones.readiness import readiness
from nsadmin.clones.request import NEVER, CloneRequest
from nsadmin.clones.review.forecast import Forecast, forecast
from nsadmin.clones.target import resolved
from nsadmin.errors import (
    Conflict,
    Invalid,
    NsadminError,
    QuotaExceeded,
    RateLimited,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import document
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.move_note import MoveNote, move_context
from nsadmin.pages.common.page_context import (
    change_page,
    editable,
    namespace_scope,
    say_when,
)
from nsadmin.pages.namespace.sealed_input import hold_again, keep_secret, kept_secret
from nsadmin.pages.namespaces.forms.clones import CloneForm, places
from nsadmin.pages.plans.clone_review import forecast_view
from nsadmin.pages.plans.flow import PlanForm, keep_plan, say_what_was_sent
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form
from nsadmin.plans.copying import CloneChange

_CAUGHT = (Invalid, Conflict, QuotaExceeded, RateLimited, UpstreamError, Unavailable)
_DEDICATED = ("dedicated_cpu", "dedicated_gpu")
_TEMPLATE = "namespaces/clone.html"
PAGE = form_page(
    FormPage(
        "clone",
        lambda sent: CloneForm(sent.data, key=sent.secret),
        lambda actor, view, form: CloneChange(
            form.wanted(actor, view), actor.organization_id
        ),
        rereads=False,
    )
)


@keep_secret
@gate.page(Action.NAMESPACE_CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def clone(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the form; a POST keeps the plan of the clone and leads to its page."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_CLONE)
    if request.method != "POST":
        return _show_form(request, view, _opened(request, view))
    form = CloneForm(request.POST, key=kept_secret(request, namespace_id))
    if not form.is_valid():
        return _show_form(request, view, form, error_status=422)
    try:
        if request.POST.get("compute_tier") in _DEDICATED:
            # Its key is used at the address that was entered.
            form.wanted(actor, view)
            step_up.require_password(request)
        return keep_plan(request, PlanForm(view, form, PAGE, _TEMPLATE))
    except _CAUGHT as error:
        return _show_form(request, view, form, error=error)


def _opened(request: HttpRequest, view: NamespaceView) -> CloneForm:
    """Return the form of a GET: an untouched one, or that of the plan in the query."""
    say_what_was_sent(request)
    kept = kept_form(request, view, PAGE)
    if kept is not None:
        hold_again(request, kept, view.namespace.namespace_id)
        return kept
    chosen = resolved(gate.actor_of(request), view.namespace, None)
    return CloneForm(initial={"compute_tier": chosen})


def _forecast(actor: Actor, view: NamespaceView, wanted: CloneRequest) -> Forecast:
    """Return the forecast of a clone; an empty one where it cannot be made."""
    if not wanted.include.collections:
        return Forecast()
    try:
        planned = start.planned_document(actor, view.namespace, wanted, job_id=uuid4())
        return forecast(view.namespace, document.read(planned))
    except NsadminError:
        return Forecast()


def _moving(actor: Actor, view: NamespaceView) -> MoveNote | None:
    """Return the running move; that of another organization's source is not named."""
    is_seen = actor.sees(view.namespace.internal_id)
    return move_context(actor, view.namespace)["moving"] if is_seen else None


def _show_form(
    request: HttpRequest,
    view: NamespaceView,
    form: CloneForm,
    *,
    error: NsadminError | None = None,
    error_status: int = 200,
) -> HttpResponse:
    """Show the form beside the forecast and what would be refused now."""
    if error is not None:
        form.take(error)
    actor = gate.actor_of(request)
    example = CloneForm.usual(actor, view)
    snapshot = queries.snapshot(view)
    told = _forecast(actor, view, example)
    conditions = readiness(actor, view, snapshot, told)
    context = {
        **namespace_scope(view),
        "moving": _moving(actor, view),
        "form": form,
        "name_check": reverse("clone_name_check", args=[view.namespace.namespace_id]),
        "places": places(actor, view.namespace),
        "counts": view.counts,
        "snapshot": snapshot,
        "forecast": forecast_view(told),
        "conditions": conditions,
        "is_blocked": any(one.state == "blocks" for one in conditions),
        "as_of": timezone.now(),
        "never": NEVER[0].lower() + NEVER[1:],
        "is_foreign": view.organization_id != actor.organization_id,
        "may_leave_out": view.namespace.internal_id != actor.internal_id
        and actor.may(Action.NAMESPACE_CLONE_ACROSS),
        "curl": api_examples.of_clone(request, view.namespace.namespace_id, example),
    }
    status = error.status if error is not None else error_status
    answer = change_page(request, _TEMPLATE, context, status=status)
    return answer if error is None else say_when(answer, error)
