"""Creating a namespace: the form, its plan, and the creation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.models import Plan
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate, step_up
from nsadmin.errors import (
    Conflict,
    Invalid,
    NotEnabled,
    NsadminError,
    PlanChanged,
    QuotaExceeded,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.lifecycle import creation
from nsadmin.namespaces.schema.creation import DEFAULT_EXTRACTORS
from nsadmin.namespaces.schema.limits import NAME_MIN
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.done import say_done
from nsadmin.pages.common.forms.extractor_options import offers
from nsadmin.pages.common.forms.placement import PLACES
from nsadmin.pages.common.page_context import change_page
from nsadmin.pages.namespace.sealed_input import keep_secret, kept_secret
from nsadmin.pages.namespaces import name_check
from nsadmin.pages.namespaces.forms.creation import NewNamespaceForm
from nsadmin.pages.namespaces.forms.from_template import initial_from
from nsadmin.pages.plans import presenter
from nsadmin.templates import service

_CAUGHT = (Invalid, Conflict, NotEnabled, QuotaExceeded, UpstreamError, Unavailable)
_TAB = "namespaces"
_EXAMPLE = {
    "namespace_name": "field-recordings",
    "feature_extractors": [
        {"feature_extractor_name": name, "version": version}
        for name, version in DEFAULT_EXTRACTORS
    ],
}


@keep_secret
@gate.page(Action.NAMESPACE_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_namespace(request: HttpRequest) -> HttpResponse:
    """Show the form; the first submit shows the plan, the second creates it."""
    actor = gate.actor_of(request)
    templates = {row.template_id: row for row in service.usable(actor)}
    if request.method != "POST":
        template_id = request.GET.get("template", "").replace("\x00", "")
        chosen = service.get_usable(actor, template_id) if template_id else None
        form = NewNamespaceForm(templates, initial=initial_from(chosen))
        return _show_form(request, form)
    form = NewNamespaceForm(templates, request.POST, key=kept_secret(request))
    step = request.POST.get("step", "preview")
    if step in ("edit", "rows"):
        return _show_form(request, form)
    if not form.is_valid():
        return _show_form(request, form, status=422)
    try:
        return _decide(request, form, is_confirmed=step == "confirm")
    except _CAUGHT as error:
        form.take(error)
        return _show_form(request, form, status=error.status)


@gate.page(Action.NAMESPACE_CREATE, writes=False)
@require_safe
def new_name_check(request: HttpRequest) -> HttpResponse:
    """Check the name of a new namespace."""
    actor = gate.actor_of(request)
    return name_check.name_check_response(request, actor.internal_id, NAME_MIN)


def _decide(
    request: HttpRequest, form: NewNamespaceForm, *, is_confirmed: bool
) -> HttpResponse:
    """Create the namespace that was shown, or show its plan."""
    actor = gate.actor_of(request)
    wanted, act = form.wanted(actor), form.act(actor)
    if is_confirmed:
        digest = request.POST.get("digest", "")
        if form.place() is not None:
            step_up.require_password(request)
        try:
            made = creation.create(actor, wanted, operation=act, digest=digest)
        except PlanChanged:
            shown = creation.preview(actor, wanted, operation=act)
            return _review(request, form, shown, moved=True)
        name = made.view.namespace.name
        title = f"{name} created"
        say_done(request, made, page="overview", title=title, can_undo=False)
        return redirect("overview", made.view.namespace.namespace_id)
    return _review(request, form, creation.preview(actor, wanted, operation=act))


def _show_form(
    request: HttpRequest, form: NewNamespaceForm, *, status: int = 200
) -> HttpResponse:
    """Show the form, or that the quota of the organization is used up."""
    actor, room = gate.actor_of(request), _room(request)
    brought = set(form["extractors"].value() or [])
    context = {
        "form": form,
        "tab": _TAB,
        "name_check": reverse("new_name_check"),
        "templates": form.templates.values(),
        "chosen": form.templates.get(str(form["template"].value() or "")),
        "offers": [
            (offer, offer.extractor.id in brought, [form[p] for p in offer.parameters])
            for offer in offers(None)
        ],
        "places": PLACES,
        "has_dedicated": actor.plan == Plan.ENTERPRISE,
        "room": room,
        # Submitted input is kept; the note on top says that the quota is used up.
        "is_full": room["is_full"] and not form.is_bound,
        "curl": api_examples.of_creation(request, _EXAMPLE, dry_run=True),
    }
    return change_page(request, "namespaces/new.html", context, status=status)


def _room(request: HttpRequest) -> dict[str, Any]:
    """Return the used and the included number of namespaces; None if unknown."""
    actor = gate.actor_of(request)
    try:
        used, limit = quota.used_quota(actor.internal_id, actor.plan)
    except NsadminError:
        return {"used": None, "limit": None, "is_full": False}
    return {"used": used, "limit": limit, "is_full": quota.is_used_up(used, limit)}


def _review(
    request: HttpRequest,
    form: NewNamespaceForm,
    shown: Preview,
    *,
    moved: bool = False,
) -> HttpResponse:
    """Show the plan; nothing is written yet."""
    namespace, plan = shown.view.namespace, shown.plan
    body = form.body(gate.actor_of(request))
    if form.place() is not None:
        body["infrastructure"]["qdrant_api_key"] = api_examples.OMITTED
    steps = presenter.steps(plan, request.POST.getlist("shown") if moved else [])
    own, standard = presenter.without_standard(plan, steps)
    context = {
        "layout": "layouts/organization.html",
        "is_new": True,
        "plan_title": "The plan changed" if moved else "Review the plan",
        "namespace": namespace,
        "plan": plan,
        "steps": steps,
        "own_steps": own,
        "standard_steps": standard,
        "summary": presenter.summary(plan),
        "effects": presenter.beginnings(plan, namespace),
        "qdrant_silent": shown.qdrant_silent,
        "moved": moved,
        "kept": form.kept,
        "has_form": True,
        "calls": [api_examples.of_creation(request, body)],
        "action": request.path,
        "made_at": timezone.now(),
        "tab": _TAB,
    }
    status = PlanChanged.status if moved else 200
    return change_page(request, "namespaces/plan.html", context, status=status)
