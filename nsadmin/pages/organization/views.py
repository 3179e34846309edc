"""The organization's settings: its members, and its plan with its limits."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from nsadmin.access.keys import expiring
from nsadmin.access.mails import members as mails
from nsadmin.access.models import Organization, Plan
from nsadmin.access.organization import invitations, listing
from nsadmin.access.permissions import Action
from nsadmin.access.web import gate
from nsadmin.jobs import places
from nsadmin.namespaces.change import quota
from nsadmin.namespaces.listing.listing import ListQuery, total
from nsadmin.pages.common.htmx import page
from nsadmin.pages.common.page_context import current_organization
from nsadmin.pages.common.paging import PER_PAGE, Paging, offset_of


def organization_scope(request: HttpRequest, section: str) -> dict[str, Any]:
    """Return the context of every page of the settings; `section` is its tab."""
    actor = gate.actor_of(request)
    shown = current_organization(request)
    keys = expiring.counts(shown, timezone.now())
    return {
        "organization": shown,
        "section": section,
        "tab": "organization",
        "people_count": shown.memberships.count(),
        "may_manage": actor.may(Action.ORGANIZATION_MANAGE),
        "may_invite": invitations.may_invite(actor, shown),
        "may_see_keys": actor.may(Action.KEY_READ),
        "may_make_keys": actor.may(Action.KEY_MANAGE),
        "may_see_support": actor.may(Action.SUPPORT_MANAGE),
        "key_count": keys.live,
        "expiring_count": keys.expiring,
        "admins": listing.admins(shown),
    }


@gate.page(Action.ORGANIZATION_READ)
@require_safe
def organization(request: HttpRequest) -> HttpResponse:
    """Show the members and the open invitations."""
    scope = organization_scope(request, "members")
    offset = offset_of(request)
    rows = listing.members(scope["organization"])[offset : offset + PER_PAGE]
    members = list(rows)
    context = {
        **scope,
        "members": members,
        "deactivated": listing.deactivated(scope["organization"]),
        "invitations": listing.invitations(scope["organization"]),
        "unmailed": mails.unmailed(scope["organization"].organization_id),
        "paging": Paging(offset, len(members), scope["people_count"]),
    }
    return page(request, "organization/members.html", context)


@gate.page(Action.ORGANIZATION_READ)
@require_safe
def plan(request: HttpRequest) -> HttpResponse:
    """Show the limits of the plan and how much of them is used."""
    actor = gate.actor_of(request)
    scope = organization_scope(request, "plan")
    shown: Organization = scope["organization"]
    query = ListQuery(organization_id=shown.organization_id, scope="org")
    used = total(actor, query)
    limit = quota.limit_of(shown)
    running, waiting = places.counts(shown.organization_id)
    context = {
        **scope,
        "running_jobs": running,
        "waiting_jobs": waiting,
        "queue": quota.plan_queue(shown.plan),
        "used": used,
        "limit": limit,
        "slots": quota.slots_of(shown),
        "percent": min(100.0, 100 * used / limit) if limit else None,
        "is_full": quota.is_used_up(used, limit),
        "plans": [
            (label, quota.plan_limit(value), value == shown.plan)
            for value, label in Plan.choices
        ],
    }
    return page(request, "organization/plan.html", context)
