"""A plan that can only be read: confirmed, expired, or one that cannot be made now."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from nsadmin.access.web.gate import actor_of
from nsadmin.errors import NsadminError
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.page_context import change_page, namespace_scope
from nsadmin.pages.plans import head, presenter
from nsadmin.plans import creating, finding
from nsadmin.plans.models import SavedPlan

TEMPLATE = "plans/kept.html"


def show(
    request: HttpRequest,
    saved: SavedPlan,
    view: NamespaceView,
    *,
    error: NsadminError | None = None,
    is_done: bool = False,
) -> HttpResponse:
    """Show the kept steps of a plan of a namespace.

    `error` is why it cannot be made again now; `is_done` says that nothing is left.
    """
    context = {
        **namespace_scope(view),
        **head.context(
            request,
            saved,
            view,
            obstacle=head.obstacle_of_kept(error, is_done=is_done),
        ),
        "is_done": is_done,
    }
    return _page(request, saved, context, error)


def show_new(
    request: HttpRequest, saved: SavedPlan, *, error: NsadminError | None = None
) -> HttpResponse:
    """Show the kept steps of the plan of a new namespace."""
    context = {
        **head.new_context(request, saved, obstacle=head.obstacle_of_kept(error)),
        "layout": "layouts/organization.html",
        "is_new": True,
    }
    return _page(request, saved, context, error)


def show_of_deleted(
    request: HttpRequest, namespace_id: str, plan_id: str
) -> HttpResponse:
    """Show a confirmed plan of a deleted namespace; raise NotFound without one."""
    saved, tombstone = finding.find_of_deleted(actor_of(request), namespace_id, plan_id)
    address = reverse("plan", args=[saved.namespace_id, saved.plan_id])
    context = {
        "layout": "layouts/organization.html",
        "saved": saved,
        "plan_title": head.title_of(saved, None, has_moved=False),
        "plan_state": head.state_of(saved),
        "plan_link": request.build_absolute_uri(address),
        "is_deleted": True,
        "buried": tombstone,
    }
    return _page(request, saved, context, None)


def _page(
    request: HttpRequest,
    saved: SavedPlan,
    context: dict[str, Any],
    error: NsadminError | None,
) -> HttpResponse:
    steps = presenter.kept_steps(saved.shown["steps"])
    split: dict[str, Any] = {}
    if saved.kind == creating.KIND:
        own, standard = presenter.without_standard(saved.shown["steps"], steps)
        split = {"own_steps": own, "standard_steps": standard}
    values = {
        "steps": steps,
        **split,
        "summary": presenter.summary_of(
            str(step.get("kind")) for step in saved.shown["steps"]
        ),
        "warnings": saved.shown["warnings"],
        "error": error,
        "tab": "namespaces" if "layout" in context else "",
        **context,
    }
    is_refused = error is not None and request.method == "POST"
    status = error.status if error is not None and is_refused else 200
    return change_page(request, TEMPLATE, values, status=status)
