"""The open plans of a namespace, those of an organization, and discarding one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from nsadmin.access.actor import Actor
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.access.web.sign_in import post_only
from nsadmin.errors import Conflict
from nsadmin.namespaces.read import queries
from nsadmin.pages.common import change_titles
from nsadmin.pages.common.badges import Badge
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization, namespace_scope
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of
from nsadmin.pages.plans import head
from nsadmin.plans import creating, finding, service
from nsadmin.plans.models import SavedPlan

TEMPLATE = "plans/open.html"


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """An open plan in a list; `state` is None where the namespace is not known.

    `name` is that of the namespace as it is now; `may_discard` whether the reader may
    discard the plan.
    """

    saved: SavedPlan
    title: str
    address: str
    state: Badge | None
    name: str
    may_discard: bool = False


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
    """List the open plans of a namespace, and the revision at which each was made."""
    actor = gate.actor_of(request)
    view = queries.get(actor, namespace_id)
    rows = finding.open_of(actor, view)
    found = [
        _for_reader(actor, shown(row, head.listed_state(row, view.namespace.revision)))
        for row in rows
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
        found.append(shown(row, head.listed_state(row, revision), name))
    return [_for_reader(actor, plan) for plan in found]


def _for_reader(actor: Actor, plan: OpenPlan) -> OpenPlan:
    writes = actor.may(Action.NAMESPACE_UPDATE)
    return replace(plan, may_discard=writes and service.may_discard(actor, plan.saved))


@gate.page(Action.NAMESPACE_UPDATE)
@post_only
def discard_plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Discard a plan that is not confirmed, and return to the list it was in."""
    actor = gate.actor_of(request)
    saved = finding.find_in_organization(actor, plan_id)
    title = shown(saved).title
    try:
        service.discard(actor, saved)
    except Conflict as done:
        messages.error(request, done.message)
    else:
        messages.success(request, f"Plan discarded: {title}. Nothing was written.")
    if request.POST.get("list") == "namespace":
        return redirect("open_plans", saved.namespace_id)
    return redirect("organization_plans")
