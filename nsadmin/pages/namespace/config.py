"""A namespace's configuration as YAML: shown, downloaded, edited by a plan."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.namespaces.schema import config as configuration
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.pages.common import api_examples
from nsadmin.pages.common.page_context import editable, may
from nsadmin.pages.namespace.forms.config import ConfigForm
from nsadmin.pages.plans.flow import PlanForm, handle_plan_form, show_form
from nsadmin.pages.plans.form_pages import FormPage, form_page, kept_form

PAGE = form_page(
    FormPage(
        "config",
        lambda sent: ConfigForm.sent(sent.data, None),
        lambda _actor, view, form: form.wanted(view),
        rereads=False,
        source="yaml",
    )
)


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def config(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """Show the configuration; a submitted one is planned first."""
    actor = gate.actor_of(request)
    if request.method != "POST":
        view = queries.get(actor, namespace_id)
        if "download" in request.GET:
            return _download(view)
        form = kept_form(request, view, PAGE) or ConfigForm(
            initial={"config": configuration.to_file(view.namespace)}
        )
        return show_form(request, _plan_form(request, view, form))
    view = editable(actor, namespace_id, Action.NAMESPACE_UPDATE)
    form = ConfigForm.sent(request.POST, request.FILES.get("file"))
    return handle_plan_form(request, _plan_form(request, view, form))


def _plan_form(request: HttpRequest, view: NamespaceView, form: ConfigForm) -> PlanForm:
    context = {
        "written": configuration.to_file(view.namespace),
        "curl": api_examples.of_body(
            request, view.namespace.namespace_id, _body(view.namespace)
        ),
        "may_change": may(gate.actor_of(request), Action.NAMESPACE_UPDATE, view),
        "tab": "settings",
    }
    return PlanForm(view, form, PAGE, "namespaces/config.html", context)


def _body(namespace: Namespace) -> dict[str, Any]:
    """Return the configuration as a body of PATCH; the tier has a page of its own."""
    exported = configuration.export_config(namespace)
    return {k: v for k, v in exported.items() if k not in ("schema", "infrastructure")}


def _download(view: NamespaceView) -> HttpResponse:
    name = f"{view.namespace.namespace_id}.yaml"
    return HttpResponse(
        configuration.to_file(view.namespace),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
