"""The page of a kept plan."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.read import queries
from nsadmin.pages.common.page_context import change_page, namespace_scope
from nsadmin.plans import service


@gate.page(Action.NAMESPACE_READ, writes=True)
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, namespace_id: str, plan_id: str) -> HttpResponse:
    """Show a plan; a POST confirms it."""
    actor = gate.actor_of(request)
    saved = service.find(actor, namespace_id, plan_id)
    view = queries.get(actor, namespace_id)
    context = {**namespace_scope(view), "saved": saved, "steps": saved.shown["steps"]}
    return change_page(request, "plans/kept.html", context)
