"""Index advice of a namespace, and its automatically created indexes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.advice import auto_indexing, dismiss, evidence
from nsadmin.advice.evidence import Advised
from nsadmin.advice.rules import AUTO_THRESHOLD, CLAIM
from nsadmin.errors import Invalid, Unavailable
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.plan.index_steps import declared_list
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.page_context import editable, may
from nsadmin.pages.namespace import advice_figures
from nsadmin.pages.namespace.advice_figures import Used
from nsadmin.pages.namespace.forms.advice import AdviceForm, DismissForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form

TEMPLATE = "namespaces/advice.html"
_DISMISS_IDS = "dismiss-%s"
PAGE = form_page(
    FormPage(
        "advice",
        lambda sent: AdviceForm(sent.data),
        lambda _actor, view, form: form.patch(view.namespace),
    )
)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def advice(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the advice; selected advice is planned first."""
    actor = gate.actor_of(request)
    if request.method != "POST":
        view = queries.get(actor, namespace_id)
        form = kept_form(request, view, PAGE) or AdviceForm()
        return show_form(request, _plan_form(request, view, form))
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    return handle_plan_form(
        request, _plan_form(request, view, AdviceForm(request.POST))
    )


@gate.page(Action.NAMESPACE_UPDATE)
@post_only
def dismissals(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Dismiss one piece of advice with a reason, or show it again."""
    actor = gate.actor_of(request)
    if "again" in request.POST:
        kind, _, field = request.POST.get("which", "").partition("/")
        dismiss.restore(actor, namespace_id, kind=kind, field=field)
        messages.success(request, f"The advice on {field} is shown again.")
        return redirect("advice", namespace_id)
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    form = DismissForm(request.POST, auto_id=_DISMISS_IDS)
    if not _dismissed(request, namespace_id, form):
        plan_form = _plan_form(request, view, AdviceForm())
        plan_form.context["dismissing"] = form
        return show_form(request, plan_form, status=422)
    return redirect("advice", namespace_id)


def _dismissed(request: HttpRequest, namespace_id: str, form: DismissForm) -> bool:
    """Dismiss the chosen advice; return False with the errors in the form."""
    if not form.is_valid():
        return False
    kind, field = form.chosen
    reason = form.cleaned_data["reason"]
    actor = gate.actor_of(request)
    try:
        dismiss.dismiss(actor, namespace_id, kind=kind, field=field, reason=reason)
    except Invalid as fault:
        form.take(fault)
        return False
    messages.success(request, f"The advice on {field} is dismissed.")
    return True


def _plan_form(request: HttpRequest, view: NamespaceView, form: AdviceForm) -> PlanForm:
    return PlanForm(view, form, PAGE, TEMPLATE, _context(request, view))


def _context(request: HttpRequest, view: NamespaceView) -> dict[str, Any]:
    found: Advised | None = None
    used: list[Used] = []
    silence = ""
    try:
        found = evidence.advised(view.namespace)
        used = advice_figures.used_fields(found)
    except Unavailable as failure:
        silence = failure.message
    return {
        "found": found,
        "dismissing": DismissForm(auto_id=_DISMISS_IDS),
        **advice_figures.listed(found.advice if found else []),
        "silence": silence,
        "used": used[: advice_figures.FIELDS_SHOWN],
        "used_count": len(used),
        "automatic_now": [
            index.field_name
            for index in view.namespace.indexes
            if index.origin == "auto"
        ],
        "before": sum(entry.before for entry in used),
        "filters": sum(entry.field.count_24h for entry in used),
        "served": advice_figures.served(used),
        "gain": advice_figures.typical_gain(found),
        "muted": advice_figures.muted(found) if found else None,
        "next_run": beat.next_run(auto_indexing.SCHEDULE, timezone.now()),
        "threshold": AUTO_THRESHOLD,
        "claim": CLAIM.rstrip("%").replace("-", " to "),
        "curl": api_examples.of_body(
            request,
            view.namespace.namespace_id,
            {"payload_indexes": declared_list(view.namespace)},
        ),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
    }
