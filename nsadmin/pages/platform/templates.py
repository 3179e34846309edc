"""Namespace templates: the list, one template, saving and deactivating it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import (
    require_http_methods,
    require_safe,
)

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Invalid, NsadminError, Unavailable
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.read import lookups
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema.extractors import REGISTRY
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import (
    current_organization,
    editable,
    namespace_scope,
)
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.platform.template_forms import SCOPE_WORDS, TemplateForm
from nsadmin.templates import service
from nsadmin.templates.configuration import configuration_of

_TAB = "templates"


@gate.page(Action.NAMESPACE_READ)
@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    """List the templates of the organization and of the platform."""
    actor = gate.actor_of(request)
    shown = current_organization(request)
    search = request.GET.get("search", "").strip().replace("\x00", "")[:200]
    scope = request.GET.get("scope", "")
    scope = scope if scope in SCOPE_WORDS else ""
    offset = offset_of(request)
    rows = service.search_templates(
        actor, shown.organization_id, search=search, scope=scope
    )
    some = list(rows[offset : offset + PER_PAGE])
    context = {
        "rows": [(row, SCOPE_WORDS[row.scope][0]) for row in some],
        "search": search,
        "scope": scope,
        "scopes": [(value, word) for value, (word, _) in SCOPE_WORDS.items()],
        "paging": Paging(offset, len(some), rows.count()),
        "source": None if some else _source(actor),
        "tab": _TAB,
    }
    return page(request, "templates/list.html", context, fragment="rows")


def _source(actor: Actor) -> MirroredNamespace | None:
    """Return the last changed namespace, to suggest as a template."""
    if not actor.may(Action.NAMESPACE_CLONE):
        return None
    return lookups.last_changed(actor)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def template(request: HttpRequest, template_id: str) -> HttpResponse:
    """Show a template's configuration."""
    actor = gate.actor_of(request)
    found = service.get(actor, template_id)
    usable = service.is_usable(actor, template_id)
    address = f"/v1/templates/namespaces/{found.template_id}/instantiate"
    context = {
        "template": found,
        "scope_word": SCOPE_WORDS[found.scope][0],
        **_configured(found.configuration),
        "may_create": usable and actor.may(Action.NAMESPACE_CREATE),
        "may_switch": service.may_set_active(actor, found),
        "curl": api_examples.posted(
            request, address, {"namespace_name": "field-recordings"}
        ),
        "tab": _TAB,
    }
    return page(request, "templates/detail.html", context)


def _configured(configuration: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the tables of a configuration."""
    entries = configuration.get("feature_extractors") or []
    extractors = []
    for entry in entries:
        params = entry.get("params") or {}
        known = REGISTRY.get(f"{entry['feature_extractor_name']}_{entry['version']}")
        extractors.append((entry, params, known.vectors_for(params) if known else ()))
    return {
        "extractors": extractors,
        "indexes": configuration.get("payload_indexes") or [],
        "auto_create_indexes": bool(configuration.get("auto_create_indexes")),
        "infrastructure": list((configuration.get("infrastructure") or {}).items()),
    }


@gate.page(Action.NAMESPACE_CLONE)
@post_only
def template_use(request: HttpRequest, template_id: str) -> HttpResponse:
    """Disable or enable a template."""
    active = request.POST.get("active") == "on"
    found = service.set_active(gate.actor_of(request), template_id, active=active)
    word = "is enabled" if active else "is disabled"
    messages.success(request, f"{found.name} {word}.")
    return redirect("template", found.template_id)


@gate.page(Action.NAMESPACE_CLONE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_template(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Save a namespace's configuration as a template."""
    actor = gate.actor_of(request)
    view = editable(actor, namespace_id, Action.NAMESPACE_CLONE)
    if request.method != "POST":
        form = TemplateForm(actor, initial=TemplateForm.usual(view.namespace))
        return _show_form(request, view, form)
    form = TemplateForm(actor, request.POST)
    if not form.is_valid():
        return _show_form(request, view, form, status=422)
    try:
        kept = service.create_from_namespace(
            actor,
            view.namespace.namespace_id,
            form.wanted(),
            template_id=form.act_id,
        )
    except (Invalid, Unavailable) as error:
        return _show_form(request, view, form, error=error)
    messages.success(request, "Template saved.")
    return redirect("template", kept.template_id)


def _show_form(
    request: HttpRequest,
    view: NamespaceView,
    form: TemplateForm,
    *,
    status: int = 200,
    error: NsadminError | None = None,
) -> HttpResponse:
    if error is not None:
        form.take(error)
        status = error.status
    namespace = view.namespace
    address = f"/v1/templates/namespaces/from-namespace/{namespace.namespace_id}"
    context = {
        **namespace_scope(view),
        "form": form,
        **_configured(configuration_of(namespace)),
        "curl": api_examples.posted(
            request, address, {"template_name": namespace.name}
        ),
        "tab": "settings",
    }
    return page(request, "templates/new.html", context, status=status)
