"""The list of all organizations, and the facts of one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from nsadmin.access.models import Organization, Plan
from nsadmin.access.organization import administration
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.health import organizations
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of

_STATE_WORDS = {"active": "Active", "suspended": "Suspended"}


@gate.page(Action.PLATFORM_READ)
@require_safe
def all_organizations(request: HttpRequest) -> HttpResponse:
    """List the organizations by name, with search, filters and paging."""
    actor, offset = gate.actor_of(request), offset_of(request)
    search = request.GET.get("search", "").strip().replace("\x00", "")[:200]
    plan, state = request.GET.get("plan", ""), request.GET.get("state", "")
    plan = plan if plan in Plan.values else ""
    state = state if state in _STATE_WORDS else ""
    rows, total = organizations.search(
        actor, text=search, plan=plan, state=state, offset=offset, limit=PER_PAGE
    )
    context = {
        "layout": "layouts/platform.html",
        "rows": rows,
        "search": search,
        "plan": plan,
        "state": state,
        "plans": Plan.choices,
        "states": _STATE_WORDS.items(),
        "chosen": bool(plan) + bool(state),
        "may_manage": actor.may(Action.PLATFORM_MANAGE),
        "paging": Paging(offset, len(rows), total),
    }
    return page(request, "platform/organizations.html", context, fragment="rows")


@gate.page(Action.PLATFORM_READ)
@require_safe
def one_organization(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Show the facts, the limits and the usage of an organization."""
    actor = gate.actor_of(request)
    found = administration.find(organization_id)
    context = {
        **organization_context(found),
        "details": organizations.details(actor, found),
        "recent_days": organizations.RECENT_DAYS,
        "may_manage": actor.may(Action.PLATFORM_MANAGE),
    }
    return page(request, "platform/organization.html", context)


def organization_context(organization: Organization) -> dict[str, Any]:
    """Return the context of every page of one organization."""
    return {"organization": organization, "tab": "platform_organizations"}
