"""From a submitted form to a plan that is kept: how every page changes a namespace."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from nsadmin.access.web.gate import actor_of
from nsadmin.errors import (
    Conflict,
    Invalid,
    RateLimited,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.done import SeeOther, page_address
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.pages.common.htmx import FORM_ADDRESS
from nsadmin.pages.common.page_context import change_page, namespace_scope, say_when
from nsadmin.pages.plans import presenter
from nsadmin.pages.plans.busy import busy_note
from nsadmin.pages.plans.form_pages import PLAN, FormPage
from nsadmin.pages.templatetags.formatting import at
from nsadmin.plans import finding, service
from nsadmin.plans.forms import kept_input
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.requests import Wanted

_CAUGHT = (Invalid, Conflict, RateLimited, Unavailable, UpstreamError)


# The session key of the last form that became a plan: its path and the plan.
_SENT = "sent_form"


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A filled form that becomes a plan.

    `template` and `context` show the form again with its input.
    """

    view: NamespaceView
    form: ChangeForm
    page: FormPage[Any]
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def handle_plan_form(request: HttpRequest, plan_form: PlanForm) -> HttpResponse:
    """Keep the plan of a submitted form and lead to its page, or show the form again.

    Nothing is written to the namespace.
    """
    if not plan_form.form.is_valid():
        return show_form(request, plan_form, status=422)
    try:
        return keep_plan(request, plan_form)
    except _CAUGHT as error:
        plan_form.form.take(error)
        return say_when(show_form(request, plan_form, status=error.status), error)


def show_form(
    request: HttpRequest, plan_form: PlanForm, *, status: int = 200
) -> HttpResponse:
    """Show the form with its input."""
    say_what_was_sent(request)
    context = {
        **namespace_scope(plan_form.view),
        **plan_form.context,
        "busy": busy_note(actor_of(request), plan_form.view.namespace),
        "form": plan_form.form,
        "base": plan_form.form.written_base(plan_form.view.namespace),
    }
    return change_page(request, plan_form.template, context, status=status)


def preview_form(request: HttpRequest, plan_form: PlanForm) -> HttpResponse:
    """Show the steps that a form would plan; nothing is kept."""
    form = plan_form.form
    if not form.is_valid():
        return show_form(request, plan_form, status=422)
    actor, view = actor_of(request), plan_form.view
    try:
        wanted = plan_form.page.wanted(actor, view, form)
        shown = service.plan_now(actor, view.namespace.namespace_id, wanted)
    except _CAUGHT as error:
        form.take(error)
        return say_when(show_form(request, plan_form, status=error.status), error)
    context = {
        **plan_form.context,
        "is_planned": True,
        "steps": presenter.steps(shown.plan, []),
        "summary": presenter.summary(shown.plan),
    }
    return show_form(request, replace(plan_form, context=context))


def keep_plan(request: HttpRequest, plan_form: PlanForm) -> HttpResponse:
    """Keep the plan of a valid form and lead to its page; raises like a preview."""
    actor, page, form = actor_of(request), plan_form.page, plan_form.form
    own_id = plan_form.view.namespace.namespace_id
    wanted = page.wanted(actor, plan_form.view, form)
    shown = service.plan_now(actor, own_id, wanted)
    if shown.plan.is_empty and not form.contested(shown.view.namespace):
        messages.info(request, _nothing(wanted))
        sent = kept_input(form.kept_input)
        return SeeOther(page_address(own_id, page.returns_to(sent)))
    kept = form.kept_input
    # What was stored when the form was opened, or else now, tells conflicts of edits.
    if base := form.written_base(plan_form.view.namespace):
        kept["base"] = base
    saved = service.keep_shown(
        actor, shown, wanted, source=page.source, form=kept, page=page.name
    )
    address = reverse("plan", args=[own_id, saved.plan_id])
    if not page.edits:
        return SeeOther(address)
    form_address = page_address(own_id, page.edited_at or page.name)
    return lead_to(request, saved.plan_id, address, form_address)


def _nothing(wanted: Wanted) -> str:
    if isinstance(wanted, PatchRequest) and wanted.made_from is not None:
        return (
            "Nothing to change. The file has no change since revision "
            f"{wanted.made_from:,}, from which it was made; later changes stay."
        )
    return "Nothing to change. Everything is already as requested."


def lead_to(
    request: HttpRequest, plan_id: str, address: str, form_address: str
) -> HttpResponse:
    """Lead to the page of a plan; Back shows the form with its input as sent."""
    response = SeeOther(address)
    response.headers[FORM_ADDRESS] = f"{form_address}?{PLAN}={plan_id}"
    request.session[_SENT] = {"path": form_address, "plan": plan_id}
    return response


def forget_sent(request: HttpRequest, plan_id: str) -> None:
    """Forget that a form was sent, once its plan is carried out."""
    if request.session.get(_SENT, {}).get("plan") == plan_id:
        del request.session[_SENT]


def say_what_was_sent(request: HttpRequest) -> None:
    """Say once that this form was sent, where the browser's Back shows it empty."""
    sent = request.session.get(_SENT)
    if not sent or request.method != "GET" or sent.get("path") != request.path:
        return
    del request.session[_SENT]
    if PLAN in request.GET:
        return
    saved = finding.still_open(sent["plan"])
    if saved is None:
        return
    messages.info(
        request,
        format_html(
            "You sent this form at {}; its plan “{}” is not confirmed. "
            '<a href="{}?{}={}">Edit it as sent</a>',
            at(saved.made_at),
            change_titles.planned_title(saved.shown.get("steps", [])),
            request.path,
            PLAN,
            saved.plan_id,
        ),
    )


def edit_address(saved: SavedPlan, page: FormPage[Any]) -> str:
    """Return where the input of a plan is edited, or where its change began."""
    if not page.edits:
        return page_address(saved.namespace_id, page.returns_to(saved.form))
    address = page_address(saved.namespace_id, page.edited_at or page.name)
    return f"{address}?{PLAN}={saved.plan_id}"
