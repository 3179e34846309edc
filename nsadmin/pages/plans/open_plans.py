"""The open plans of a namespace, and those of an organization."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.namespaces.read import queries
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization, namespace_scope
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.plans import head
from nsadmin.plans import creating, finding
from nsadmin.plans.models import SavedPlan

TEMPLATE = "plans/open.html"


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """An open plan in a list; `state` is None where the namespace is not known.

    `name` is that of the namespace as it is now.
    """

    saved: SavedPlan
    title: str
    address: str
    state: Badge | None
    name: str


def shown(saved: SavedPlan, state: Badge | None = None, name: str = "") -> OpenPlan:
    """Return a plan as lists show it, by default with the name that it was made for."""
    name = name or saved.namespace_name
    if saved.kind == creating.KIND:
        address = reverse("new_plan", args=[saved.plan_id])
        return OpenPlan(saved, f"Create {name}", address, state, name)
    address = reverse("plan", args=[saved.namespace_id, saved.plan_id])
    title = change_titles.planned_title(saved.shown.get("steps", []))
    return OpenPlan(saved, title, address, state, name)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def open_plans(request: HttpRequest, namespace_id: str) -> HttpResponse:
    """List the open plans of a namespace, and whether it has changed since each."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    rows = finding.open_of(actor, view)
    found = [
        shown(row, head.changed_badge(row, view.namespace.revision)) for row in rows
    ]
    context = {**namespace_scope(view), "plans": found, "tab": ""}
    return page(request, TEMPLATE, context)


@gate.page(Action.NAMESPACE_READ)
@require_safe
def organization_plans(request: HttpRequest) -> HttpResponse:
    """List the open plans of the organization, those of new namespaces among them."""
    organization = current_organization(request)
    rows = finding.open_in(organization.organization_id)
    offset = offset_of(request)
    found = _with_states(gate.actor_of(request), rows[offset : offset + PER_PAGE])
    context = {
        "layout": "layouts/organization.html",
        "plans": found,
        "paging": Paging(offset, len(found), rows.count()),
        "tab": "namespaces",
    }
    return page(request, TEMPLATE, context)


def _with_states(actor: Actor, rows: Iterable[SavedPlan]) -> list[OpenPlan]:
    """Return the plans with the present name and state of their namespaces."""
    listed = list(rows)
    now = finding.present_names(actor, listed)
    found = []
    for row in listed:
        if row.namespace_id not in now:
            found.append(shown(row))
            continue
        name, revision = now[row.namespace_id]
        found.append(shown(row, head.changed_badge(row, revision), name))
    return found
