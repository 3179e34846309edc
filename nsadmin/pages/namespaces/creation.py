"""Creating a namespace: the form that becomes a plan."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from nsadmin.access.models import Plan
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.errors import (
    Conflict,
    Invalid,
    NotEnabled,
    NotFound,
    NsadminError,
    QuotaExceeded,
    Unavailable,
    UpstreamError,
)
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.schema.creation import DEFAULT_EXTRACTORS
from nsadmin.namespaces.schema.limits import NAME_MIN
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.forms.extractor_options import offers
from nsadmin.pages.common.forms.placement import PLACES
from nsadmin.pages.common.page_context import change_page
from nsadmin.pages.namespace.sealed_input import (
    NEW,
    hold_again,
    keep_secret,
    kept_secret,
)
from nsadmin.pages.namespaces import name_check
from nsadmin.pages.namespaces.forms.creation import NewNamespaceForm
from nsadmin.pages.namespaces.forms.from_template import initial_from
from nsadmin.pages.plans.flow import lead_to, say_what_was_sent
from nsadmin.pages.plans.form_pages import PLAN
from nsadmin.plans import finding, forms, secret, service
from nsadmin.templates import service as templating
from nsadmin.templates.models import NamespaceTemplate

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
    """Show the form; a POST keeps the plan of the namespace and leads to its page."""
    actor = gate.actor_of(request)
    templates = {row.template_id: row for row in templating.usable(actor)}
    if request.method != "POST":
        return _show_form(request, _opened(request, templates))
    form = NewNamespaceForm(templates, request.POST, key=kept_secret(request))
    if request.POST.get("step") == "rows":
        return _show_form(request, form)
    if not form.is_valid():
        return _show_form(request, form, status=422)
    try:
        return _keep(request, form)
    except _CAUGHT as error:
        form.take(error)
        return _show_form(request, form, status=error.status)


def _opened(
    request: HttpRequest, templates: dict[str, NamespaceTemplate]
) -> NewNamespaceForm:
    """Return the form of a GET: an untouched one, or that of the plan in the query."""
    say_what_was_sent(request)
    kept = _kept_form(request, templates)
    if kept is not None:
        return kept
    template_id = request.GET.get("template", "").replace("\x00", "")
    actor = gate.actor_of(request)
    chosen = templating.get_usable(actor, template_id) if template_id else None
    return NewNamespaceForm(templates, initial=initial_from(chosen))


def _kept_form(
    request: HttpRequest, templates: dict[str, NamespaceTemplate]
) -> NewNamespaceForm | None:
    """Return the form as the plan of `?plan=` kept it, with what stands against it."""
    actor, plan_id = gate.actor_of(request), request.GET.get(PLAN, "")
    try:
        saved = finding.find_new(actor, plan_id) if plan_id else None
    except NotFound:
        return None
    if saved is None or saved.form is None:
        return None
    data = forms.as_data(saved.form)
    form = NewNamespaceForm(templates, data, key=secret.secret_of(saved))
    if form.is_valid():
        try:
            service.plan_now(actor, saved.namespace_id, form.change(actor))
        except _CAUGHT as error:
            form.take(error)
    hold_again(request, form, NEW)
    return form


def _keep(request: HttpRequest, form: NewNamespaceForm) -> HttpResponse:
    """Keep the plan of a valid form and lead to its page; raises like a preview."""
    actor = gate.actor_of(request)
    wanted = form.change(actor)
    saved = service.keep_shown(
        actor,
        wanted.preview(actor, ""),
        wanted,
        source="form",
        form=form.kept_input,
        page="new_namespace",
    )
    address = reverse("new_plan", args=[saved.plan_id])
    return lead_to(request, saved.plan_id, address, request.path)


@gate.page(Action.NAMESPACE_CREATE, writes=False)
@require_safe
def new_name_check(request: HttpRequest) -> HttpResponse:
    """Check the name of a new namespace."""
    actor = gate.actor_of(request)
    return name_check.name_check_response(request, actor.internal_id, NAME_MIN)


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
